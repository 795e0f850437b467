/** Owns the measures of the layout. */
export interface Style {
  /** The longest line, in columns, where it can be broken. */
  readonly printWidth: number;
  /** Spaces a level of indentation. */
  readonly tabWidth: number;
  /** Whether tabs indent instead. */
  readonly useTabs: boolean;
}

export const style: Style = { printWidth: 132, tabWidth: 2, useTabs: false };
