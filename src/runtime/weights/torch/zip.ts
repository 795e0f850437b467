/**
 * Reads zip archives whose entries are stored as they are, without compression, as PyTorch writes them. What an entry
 * holds is a view into the archive, so an archive can't unpack to more than it is. The reader trusts nothing: whatever is
 * wrong with the bytes is `weights/zip`.
 */
import { fail } from "../../../diagnostics/catalogue.ts";
import { quoted } from "../quoted.ts";
import { crc32 } from "./crc32.ts";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const END_BYTES = 22;
const MAX_COMMENT = 0xffff;
const MAX_ENTRIES = 100_000;
const ZIP64_FIELD = 1;

export function isZip(file: Uint8Array): boolean {
  return file.length >= 4 && viewOf(file).getUint32(0, true) === LOCAL;
}

/**
 * The entries by name, each a view into `file`. Checksums are compared where there are any. Throws `weights/zip`.
 * `name` is the file's name for messages.
 */
export function readStoredZip(file: Uint8Array, name: string): ReadonlyMap<string, Uint8Array> {
  const refuse = (reason: string): never => fail("weights/zip", { reason }, { place: name });
  const view = viewOf(file);
  const directory = findDirectory(view, refuse);
  const found: { readonly name: string; readonly begin: number; readonly end: number; readonly crc: number }[] = [];
  let at = directory.begin;
  for (let i = 0; i < directory.entries; i++) {
    const entry = readEntry(file, view, at, directory, refuse);
    found.push(entry);
    at = entry.next;
  }
  let end = 0;
  for (const entry of found.toSorted((a, b) => a.begin - b.begin)) {
    if (entry.begin < end) refuse(`the entry ${quoted(entry.name)} overlaps another one`);
    end = entry.end;
  }
  const entries = new Map<string, Uint8Array>();
  for (const entry of found) {
    if (entries.has(entry.name)) refuse(`two entries are named ${quoted(entry.name)}`);
    const bytes = file.subarray(entry.begin, entry.end);
    // Writers that are told to save the time leave a 0.
    if (entry.crc !== 0 && crc32(bytes) !== entry.crc) refuse(`the checksum of ${quoted(entry.name)} is wrong`);
    entries.set(entry.name, bytes);
  }
  return entries;
}

type Refuse = (reason: string) => never;

interface Directory {
  readonly begin: number;
  readonly end: number;
  readonly entries: number;
}

/** The place of the central directory, from the record at the end of the archive. */
function findDirectory(view: DataView, refuse: Refuse): Directory {
  const last = view.byteLength - END_BYTES;
  const first = Math.max(0, last - MAX_COMMENT);
  let end = last;
  while (end >= first && !(view.getUint32(end, true) === END && view.getUint16(end + 20, true) === last - end)) end--;
  if (end < first) return refuse("it has no directory at its end: it may be cut off");
  const small = {
    entries: view.getUint16(end + 10, true),
    size: view.getUint32(end + 12, true),
    begin: view.getUint32(end + 16, true),
  };
  const isLarge = small.entries === 0xffff || small.size === 0xffffffff || small.begin === 0xffffffff;
  const { entries, size, begin } = isLarge ? readEnd64(view, end, refuse) : small;
  if (begin + size > end) refuse("its directory reaches outside of the archive");
  if (entries > MAX_ENTRIES) refuse(`it has ${entries} entries, more than the limit of ${MAX_ENTRIES}`);
  return { begin, end: begin + size, entries };
}

function readEnd64(view: DataView, end: number, refuse: Refuse): { entries: number; size: number; begin: number } {
  const locator = end - 20;
  if (locator < 0 || view.getUint32(locator, true) !== LOCATOR_64) return refuse("its zip64 record is missing");
  const at = number64(view, locator + 8, refuse);
  if (at + 56 > locator || view.getUint32(at, true) !== END_64) return refuse("its zip64 record is missing");
  return {
    entries: number64(view, at + 32, refuse),
    size: number64(view, at + 40, refuse),
    begin: number64(view, at + 48, refuse),
  };
}

interface Entry {
  readonly name: string;
  /** Bytes of the content. */
  readonly begin: number;
  readonly end: number;
  readonly crc: number;
  /** Where the next entry of the directory is. */
  readonly next: number;
}

/** The entry of the directory at `at`, and its content by the header that stands in front of it. */
function readEntry(file: Uint8Array, view: DataView, at: number, directory: Directory, refuse: Refuse): Entry {
  if (at + 46 > directory.end || view.getUint32(at, true) !== CENTRAL) return refuse("its directory is damaged");
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
  if (next > directory.end) return refuse("its directory is damaged");
  const nameBytes = file.subarray(at + 46, at + 46 + nameLength);
  const name = decodeName(nameBytes, refuse);
  if ((view.getUint16(at + 8, true) & 1) !== 0) return refuse(`the entry ${quoted(name)} is encrypted`);
  const method = view.getUint16(at + 10, true);
  if (method !== 0)
    return refuse(
      `the entry ${quoted(name)} is compressed: those of plain tensors never are, those of TorchScript modules may be`,
    );
  const sizes = {
    packed: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    header: view.getUint32(at + 42, true),
  };
  const { packed, size, header } = withZip64(view, at + 46 + nameLength, extraLength, sizes, refuse);
  if (packed !== size) return refuse(`the entry ${quoted(name)} has two sizes`);
  if (header + 30 > directory.begin || view.getUint32(header, true) !== LOCAL) {
    return refuse(`the header of the entry ${quoted(name)} is missing`);
  }
  const localName = file.subarray(header + 30, header + 30 + view.getUint16(header + 26, true));
  if (localName.length !== nameLength || !localName.every((byte, i) => byte === nameBytes[i])) {
    return refuse(`the entry ${quoted(name)} has two names`);
  }
  const begin = header + 30 + nameLength + view.getUint16(header + 28, true);
  if (begin + size > directory.begin) return refuse(`the entry ${quoted(name)} reaches outside of the archive`);
  return { name, begin, end: begin + size, crc: view.getUint32(at + 16, true), next };
}

/** Sizes that do not fit 32 bits stand in an extra field, in this order, each only where it is needed. */
function withZip64(
  view: DataView,
  extra: number,
  length: number,
  small: { readonly packed: number; readonly size: number; readonly header: number },
  refuse: Refuse,
): { packed: number; size: number; header: number } {
  if (![small.packed, small.size, small.header].includes(0xffffffff)) return small;
  const end = extra + length;
  let at = extra;
  while (at + 4 <= end && view.getUint16(at, true) !== ZIP64_FIELD) at += 4 + view.getUint16(at + 2, true);
  if (at + 4 > end) return refuse("a zip64 field is missing");
  const fieldEnd = Math.min(at + 4 + view.getUint16(at + 2, true), end);
  at += 4;
  const next = (value: number): number => {
    if (value !== 0xffffffff) return value;
    if (at + 8 > fieldEnd) return refuse("a zip64 field is too short");
    at += 8;
    return number64(view, at - 8, refuse);
  };
  const size = next(small.size);
  const packed = next(small.packed);
  return { size, packed, header: next(small.header) };
}

function number64(view: DataView, at: number, refuse: Refuse): number {
  const value = view.getBigUint64(at, true);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? refuse("a size in it is too large") : Number(value);
}

function decodeName(bytes: Uint8Array, refuse: Refuse): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("a name in it is not UTF-8 text");
  }
}

function viewOf(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset, file.byteLength);
}
