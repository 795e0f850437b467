/** The part of `railroad-diagrams` that the syntax diagrams use. */
declare module "railroad-diagrams" {
  export interface Node {
    toString(): string;
  }
  type Item = Node | string;
  interface Module {
    Diagram(...items: Item[]): Node;
    Sequence(...items: Item[]): Node;
    Choice(normal: number, ...items: Item[]): Node;
    Optional(item: Item): Node;
    OneOrMore(item: Item, repeat?: Item): Node;
    ZeroOrMore(item: Item, repeat?: Item): Node;
    Terminal(text: string): Node;
    NonTerminal(text: string): Node;
  }
  const railroad: Module;
  export default railroad;
}
