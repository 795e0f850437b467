/** Shows places that the server found, in the list that the editor has for references. */
import { commands, Location, Position, Range, Uri } from "vscode";
import type { Location as LspLocation, Position as LspPosition } from "vscode-languageclient/node";

export async function showReferences(
  uri: string,
  position: LspPosition,
  places: readonly LspLocation[],
): Promise<void> {
  await commands.executeCommand(
    "editor.action.showReferences",
    Uri.parse(uri),
    positionOf(position),
    places.map(({ uri: file, range }) => {
      return new Location(Uri.parse(file), new Range(positionOf(range.start), positionOf(range.end)));
    }),
  );
}

function positionOf({ line, character }: LspPosition): Position {
  return new Position(line, character);
}
