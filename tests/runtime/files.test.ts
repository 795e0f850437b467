import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile, chmod, lstat, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeFileAtomic } from "../../src/runtime/files/atomic-write.node.ts";
import { loadSafetensors, saveSafetensors } from "../../src/runtime/weights/files.node.ts";
import { storeFloat32 } from "../../src/runtime/weights/safetensors.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bcosc-files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("atomic writes", () => {
  it("makes folders, writes and replaces, and leaves nothing else", async () => {
    const path = join(folder, "a", "b", "f.txt");
    await writeFileAtomic(path, "one");
    await writeFileAtomic(path, Uint8Array.of(50, 51));
    expect(await readFile(path, "utf8")).toBe("23");
    expect(await readdir(join(folder, "a", "b"))).toEqual(["f.txt"]);
  });

  it("keeps the mode and follows a link", async () => {
    const path = join(folder, "f");
    await writeFile(path, "old");
    await chmod(path, 0o640);
    await symlink(path, join(folder, "link"));
    await writeFileAtomic(join(folder, "link"), "new");
    expect(await readFile(path, "utf8")).toBe("new");
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect((await lstat(join(folder, "link"))).isSymbolicLink()).toBe(true);
  });

  it("leaves the old file and no temporary one when the writing fails", async () => {
    const path = join(folder, "f");
    await writeFile(path, "old");
    const broken = { length: 3 } as unknown as Uint8Array;
    await expect(writeFileAtomic(path, broken)).rejects.toThrow(/data\/unwritable: can not write .*f: /);
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["f"]);
  });

  // Linux: a folder there can not be made, and the system says that the one above is missing.
  it.skipIf(!existsSync("/proc/self"))("does not wait for a folder that can not be made", async () => {
    await expect(writeFileAtomic("/proc/bcosc/x", "")).rejects.toThrow("no such file or folder");
  });

  it("says why it can not write", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(writeFileAtomic(join(folder, "file", "x"), "")).rejects.toThrow(/not a folder|file already exists/);
    await mkdir(join(folder, "sub"));
    await expect(writeFileAtomic(join(folder, "sub"), "")).rejects.toThrow("it is a folder");
    expect((await readdir(folder)).sort()).toEqual(["file", "sub"]);
  });
});

describe("weight files", () => {
  it("saves and loads", async () => {
    const path = join(folder, "model.safetensors");
    await saveSafetensors(path, [["w", storeFloat32([2], Float32Array.of(1, 2))]], [["model", "m"]]);
    const back = await loadSafetensors(path);
    expect(back.tensors.get("w")).toMatchObject({ dtype: "F32", shape: [2] });
    expect(back.metadata.get("model")).toBe("m");
  });

  it("names the file that is missing or broken", async () => {
    await expect(loadSafetensors(join(folder, "none"))).rejects.toThrow(/data\/unreadable: .*none: no such file/);
    await expect(loadSafetensors(folder)).rejects.toThrow("it is a folder");
    await writeFile(join(folder, "bad"), "xx");
    await expect(loadSafetensors(join(folder, "bad"))).rejects.toThrow(/weights\/header: .*bad, header/);
  });
});
