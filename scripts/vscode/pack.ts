/** Puts the extension together: the files of its package, and the `.vsix` that editors install. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { bundleClient, bundleServer, extensionFolder, licencesOf, type Bundle } from "./bundle.ts";
import { packageFolder } from "../../src/cli/version.ts";

const root = packageFolder();

export interface Manifest {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly version: string;
  readonly publisher: string;
  readonly main: string;
  readonly engines: { readonly vscode: string };
  readonly categories: readonly string[];
  readonly keywords: readonly string[];
  readonly extensionKind: readonly string[];
}

/** Path in the extension → text. */
export type ExtensionFiles = ReadonlyMap<string, string>;

/** Everything of the extension but its client, so that the server can be tried without the client's packages. */
export async function serverFiles(bundled?: Bundle): Promise<ExtensionFiles> {
  const { files } = bundled ?? (await bundleServer());
  const { version } = JSON.parse(text(root, "package.json")) as Manifest;
  const pages = readdirSync(join(root, "docs/errors")).filter((name) => name.endsWith(".md"));
  return new Map([
    // The command looks for its version and its pages here.
    ["server/package.json", `${JSON.stringify({ name: "bcosc", version, type: "module", private: true }, null, 2)}\n`],
    ...[...files].map(([path, code]) => [`server/dist/${path}`, code] as const),
    ...pages.map((name) => [`server/docs/errors/${name}`, text(root, "docs/errors", name)] as const),
  ]);
}

export async function extensionFiles(): Promise<ExtensionFiles> {
  const [client, server] = [await bundleClient(), await bundleServer()];
  const {
    dependencies,
    devDependencies,
    private: _,
    ...manifest
  } = JSON.parse(text(extensionFolder, "package.json")) as Manifest & Record<string, unknown>;
  if (dependencies === undefined || devDependencies === undefined) throw new Error("the manifest has no dependencies");
  return new Map([
    // What the client depends on is bundled.
    ["package.json", `${JSON.stringify(manifest, null, 2)}\n`],
    ["README.md", text(extensionFolder, "README.md")],
    ["LICENSE.txt", text(root, "LICENSE")],
    ["THIRD-PARTY.txt", licencesOf([...client.packages, ...server.packages])],
    ["language-configuration.json", text(extensionFolder, "language-configuration.json")],
    ["syntaxes/bcos.tmLanguage.json", text(root, "grammar/generated/bcos.tmLanguage.json")],
    ...[...client.files].map(([path, code]) => [`dist/${path}`, code] as const),
    ...(await serverFiles(server)),
  ]);
}

/** The bytes of the `.vsix`: always the same for the same files. */
export function vsixOf(files: ExtensionFiles): Uint8Array {
  const manifest = JSON.parse(files.get("package.json")!) as Manifest;
  const entries = new Map([
    ["[Content_Types].xml", contentTypes([...files.keys()])],
    ["extension.vsixmanifest", vsixManifest(manifest)],
    ...[...files].map(([path, content]) => [`extension/${path}`, content] as const),
  ]);
  // The earliest time that a zip file can have.
  const mtime = new Date(1980, 0, 1);
  return zipSync(Object.fromEntries([...entries].map(([path, content]) => [path, [strToU8(content), { mtime }]])));
}

export function writeFiles(folder: string, files: ExtensionFiles): void {
  for (const [path, content] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

function text(...path: string[]): string {
  return readFileSync(join(...path), "utf8");
}

const types: Readonly<Record<string, string>> = {
  json: "application/json",
  js: "application/javascript",
  cjs: "application/javascript",
  md: "text/markdown",
  txt: "text/plain",
  vsixmanifest: "text/xml",
};

function contentTypes(paths: readonly string[]): string {
  const endings = new Set([...paths.map((path) => path.slice(path.lastIndexOf(".") + 1)), "vsixmanifest"]);
  const lines = [...endings].sort().map((ending) => {
    const type = types[ending];
    if (type === undefined) throw new Error(`no content type for .${ending}`);
    return `<Default Extension=".${ending}" ContentType="${type}"/>`;
  });
  return xml("Types", "http://schemas.openxmlformats.org/package/2006/content-types", "", lines);
}

function vsixManifest(manifest: Manifest): string {
  const { name, version, publisher, displayName, description, keywords, categories, engines, extensionKind } = manifest;
  const property = (id: string, value: string): string => {
    return `    <Property Id="Microsoft.VisualStudio.${id}" Value="${escaped(value)}"/>`;
  };
  const asset = (type: string, path: string): string => {
    return `  <Asset Type="Microsoft.VisualStudio.${type}" Path="extension/${path}" Addressable="true"/>`;
  };
  return xml("PackageManifest", "http://schemas.microsoft.com/developer/vsx-schema/2011", ' Version="2.0.0"', [
    "<Metadata>",
    `  <Identity Language="en-US" Id="${name}" Version="${version}" Publisher="${publisher}"/>`,
    `  <DisplayName>${escaped(displayName)}</DisplayName>`,
    `  <Description xml:space="preserve">${escaped(description)}</Description>`,
    `  <Tags>${escaped(keywords.join(","))}</Tags>`,
    `  <Categories>${escaped(categories.join(","))}</Categories>`,
    "  <GalleryFlags>Public</GalleryFlags>",
    "  <Properties>",
    property("Code.Engine", engines.vscode),
    property("Code.ExtensionDependencies", ""),
    property("Code.ExtensionPack", ""),
    property("Code.ExtensionKind", extensionKind.join(",")),
    property("Code.ExecutesCode", "true"),
    "  </Properties>",
    "  <License>extension/LICENSE.txt</License>",
    "</Metadata>",
    "<Installation>",
    '  <InstallationTarget Id="Microsoft.VisualStudio.Code"/>',
    "</Installation>",
    "<Dependencies/>",
    "<Assets>",
    asset("Code.Manifest", "package.json"),
    asset("Services.Content.Details", "README.md"),
    asset("Services.Content.License", "LICENSE.txt"),
    "</Assets>",
  ]);
}

function xml(tag: string, namespace: string, attributes: string, lines: readonly string[]): string {
  const inside = lines.map((line) => `  ${line}\n`).join("");
  return `<?xml version="1.0" encoding="utf-8"?>\n<${tag}${attributes} xmlns="${namespace}">\n${inside}</${tag}>\n`;
}

function escaped(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
