/**
 * Code lenses. What they do when one clicks on them is up to the client: it says in its `initializationOptions` which commands it
 * has (`{ commands: ["bcosc.showPlan", "bcosc.compile", "bcosc.showReferences"] }`); for others a lens only shows.
 */
import type { CodeLens as LspLens, Command } from "vscode-languageserver";
import type { CheckResult } from "../../../compiler/check/check.ts";
import { codeLenses, type CodeLens, type LensCommand } from "../../code-lenses.ts";
import { documentOf, type Context, type Feature } from "../context.ts";
import { locationOf } from "../locations.ts";
import { isRecord } from "../guard.ts";
import { answer, unlessCancelled } from "../requests.ts";

/** What a lens that has to be resolved takes along. */
interface LensData {
  readonly uri: string;
  readonly lens: CodeLens;
}

export const lenses: Feature = (context) => {
  const { connection, workspace, uris, host, settings } = context;
  /** Titles that were resolved, as long as their file is as it was. */
  const resolved = new WeakMap<CheckResult, Map<string, string>>();

  connection.onCodeLens(
    answer(connection, (params): LspLens[] => {
      const document = documentOf(context, params);
      const { codeLenses: options, form } = settings();
      if (document === undefined || !options.enabled) return [];
      const { path } = document;
      return codeLenses(workspace, path, { form })
        .filter(({ title }) => title !== undefined || options.plans)
        .map((lens): LspLens => {
          const { range } = locationOf(workspace, uris, lens.span);
          if (lens.title !== undefined) return { range, command: commandOf(context, lens.title, lens.command) };
          return { range, data: { uri: params.textDocument.uri, lens } satisfies LensData };
        });
    }),
  );

  connection.onCodeLensResolve(
    answer(
      connection,
      async (given, _checkpoint, token): Promise<LspLens> => {
        const { range, data } = given;
        const { uri, lens } = data as LensData;
        const path = uris.pathOf(uri);
        const { form } = settings();
        const check = workspace.check(path);
        const titles = resolved.get(check) ?? new Map<string, string>();
        resolved.set(check, titles);
        const key = JSON.stringify([form, lens.command]);
        const known = titles.get(key);
        if (known !== undefined) return { range, command: commandOf(context, known, lens.command) };
        const files = Object.fromEntries([...check.files].map(([file, { text }]) => [file, text]));
        const { result, cancel } = host.jobs.run({ kind: "lens", files, lens, options: { form } });
        const { title = "" } = await unlessCancelled(result, token, cancel);
        titles.set(key, title);
        return { range, command: commandOf(context, title, lens.command) };
      },
      (lens) => (isRecord(lens) && isLensData(lens["data"]) ? undefined : "the lens is none of this server"),
    ),
  );

  return { codeLensProvider: { resolveProvider: true } };
};

function isLensData(data: unknown): data is LensData {
  if (!isRecord(data) || typeof data["uri"] !== "string" || !isRecord(data["lens"])) return false;
  const { command, span } = data["lens"];
  return isRecord(span) && isRecord(command) && command["name"] === "show-plan" && typeof command["model"] === "string";
}

/** The names are those of the commands of editors/vscode. */
function commandOf({ uris, workspace, clientHas }: Context, title: string, command: LensCommand | undefined): Command {
  const [name, args] = named();
  return name !== undefined && clientHas(name) ? { title, command: name, arguments: args! } : { title, command: "" };

  function named(): [] | [string, unknown[]] {
    switch (command?.name) {
      case undefined:
        return [];
      case "show-plan":
        return ["bcosc.showPlan", [{ uri: uris.uriOf(command.path), model: command.model, target: command.target }]];
      case "compile":
        return ["bcosc.compile", [{ uri: uris.uriOf(command.path), model: command.model }]];
      case "show-references": {
        const from = locationOf(workspace, uris, command.span);
        const places = command.places.map((place) => locationOf(workspace, uris, place));
        return ["bcosc.showReferences", [from.uri, from.range.start, places]];
      }
      default:
        return command satisfies never;
    }
  }
}
