/**
 * A backend of TensorFlow.js, ready to compute, or why there is none. The packages are optional: they are imported when they
 * are asked for, under names that bundlers for browsers do not see.
 */
import type { TfjsBackend } from "../../../compiler/targets/tfjs/backends.ts";
import { lookUpAdapter } from "../webgpu/adapter.ts";
import { isNode } from "../webgpu/gpu.ts";
import { withoutGreetings } from "./greetings.ts";
import { withNavigatorGpu } from "./navigator.ts";
import { inScope } from "./runner.ts";
import { backendName, type TfjsModule, type TfjsTensor } from "./tf.ts";
import { keepCurrent, onBackend, openBackend, type OpenedBackend } from "./turn.ts";

/** What the packages are installed as. */
const VERSION = "4.22.0";

export interface LoadedTfjs {
  readonly tf: TfjsModule;
  readonly opened: OpenedBackend;
  /** For people: version, and what computes. */
  readonly description: string;
}

/** Parts of sentences. */
export interface MissingTfjs {
  readonly missing: string;
  readonly hints: readonly string[];
}

function packagesFor(backend: TfjsBackend): readonly string[] {
  if (backend === "node" || backend === "node-gpu") return [`@tensorflow/tfjs-${backend}`];
  return ["@tensorflow/tfjs-core", `@tensorflow/tfjs-backend-${backend}`];
}

function installLine(backend: TfjsBackend): string {
  const own = packagesFor(backend).map((name) => `${name}@${VERSION}`);
  return `\`npm install ${[...own, ...(backend === "webgpu" ? ["webgpu@0.6.2"] : [])].join(" ")}\``;
}

/** What computes the same without what is missing. */
const INSTEAD: Readonly<Record<TfjsBackend, string>> = {
  "node-gpu":
    "without it: `tfjs:node` computes on the processor, `tfjs:wasm` needs no libtensorflow; `webgpu` needs a graphics card but no CUDA, and `wasm` no other package",
  node: "without it: `tfjs:wasm` needs no libtensorflow, and `wasm` no other package",
  webgpu: "without it: `tfjs:wasm`, or `wasm`, which needs no other package",
  webgl: "without it: `tfjs:webgpu` or `tfjs:wasm`",
  wasm: "without it: `wasm`, which needs no other package",
  cpu: "without it: `wasm`, which needs no other package",
};

/** Never throws. With `tf` nothing is imported: its backends are those that the program has imported. */
export async function loadTfjs(backend: TfjsBackend, tf?: TfjsModule): Promise<LoadedTfjs | MissingTfjs> {
  const found = await withoutGreetings(() => find(backend, tf));
  return "tf" in found ? found : { missing: found.missing, hints: [...found.hints, INSTEAD[backend]] };
}

async function find(backend: TfjsBackend, tf: TfjsModule | undefined): Promise<LoadedTfjs | MissingTfjs> {
  if (backend === "webgl" && isNode()) return { missing: "Node has no WebGL", hints: ["`tfjs:webgl` is for pages"] };
  if (backend !== "webgpu") return open(backend, tf, "");
  const adapter = await lookUpAdapter();
  if (!("adapter" in adapter)) return { missing: adapter.missing, hints: [adapter.hint] };
  return withNavigatorGpu(() => open(backend, tf, adapter.traits.name));
}

async function open(
  backend: TfjsBackend,
  own: TfjsModule | undefined,
  adapter: string,
): Promise<LoadedTfjs | MissingTfjs> {
  const imported = own ?? (await importPackages(backend));
  if ("missing" in imported) return imported;
  const engine = imported.engine();
  const name = backendName(backend);
  let opened: OpenedBackend | undefined;
  try {
    opened = await openBackend(engine, name);
  } catch (error) {
    return { missing: `the backend \`${name}\` does not start: ${reasonOf(error)}`, hints: startHints(backend) };
  }
  if (opened === undefined) {
    return {
      missing: `no backend \`${name}\` is registered in TensorFlow.js`,
      hints:
        backend === "webgpu"
          ? ["import `@tensorflow/tfjs-backend-webgpu` after `navigator.gpu` is there: it looks only once"]
          : [`import \`${packagesFor(backend).at(-1)!}\` before`],
    };
  }
  return judge(backend, imported, opened, adapter);
}

async function importPackages(backend: TfjsBackend): Promise<TfjsModule | MissingTfjs> {
  const names = packagesFor(backend);
  // libtensorflow greets on stderr; from warnings on it is heard.
  if (isNode()) process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "1";
  try {
    return await keepCurrent(async () => {
      const modules: TfjsModule[] = [];
      for (const name of names) {
        const module = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as object;
        modules.push(("default" in module ? module.default : module) as TfjsModule);
      }
      return modules[0]!;
    });
  } catch (error) {
    return importFailure(backend, error);
  }
}

function importFailure(backend: TfjsBackend, error: unknown): MissingTfjs {
  const reason = reasonOf(error);
  const absent = packagesFor(backend).filter((name) => reason.includes(`'${name}'`));
  if (!isNode()) {
    return {
      missing: "pages do not import packages by name",
      hints: ["import TensorFlow.js in the page and pass it on: `createTfjsDevice({ tf, backend })`"],
    };
  }
  if ((error as { code?: string }).code === "ERR_MODULE_NOT_FOUND" && absent.length > 0) {
    const packages = absent.map((name) => `\`${name}\``).join(" and ");
    return {
      missing: `the package ${packages} is not installed`,
      hints: [installLine(backend), ...startHints(backend)],
    };
  }
  const packages = packagesFor(backend).map((name) => `\`${name}\``);
  return { missing: `${packages.join(" or ")} can not be loaded: ${reason}`, hints: startHints(backend) };
}

/** What the packages with a libtensorflow need beside themselves. */
function startHints(backend: TfjsBackend): readonly string[] {
  if (backend !== "node" && backend !== "node-gpu") return [];
  const own = `@tensorflow/tfjs-${backend}`;
  return [
    `its install script fetches libtensorflow and a binding for this Node (${process.versions.node}; it has those for Node 18 to 22): let scripts run, then \`npm rebuild ${own}\``,
    ...(backend === "node-gpu" ? ["on Linux or Windows it needs an NVIDIA driver, CUDA 11.2 and cuDNN 8.1"] : []),
  ];
}

async function judge(
  backend: TfjsBackend,
  tf: TfjsModule,
  opened: OpenedBackend,
  adapter: string,
): Promise<LoadedTfjs | MissingTfjs> {
  const { isGPUPackage, isUsingGpuDevice, binding } = opened.instance as Partial<NodeBackend>;
  if (opened.name === "tensorflow" && isGPUPackage !== (backend === "node-gpu")) {
    const other = backend === "node-gpu" ? "tfjs-node" : "tfjs-node-gpu";
    return {
      missing: `\`@tensorflow/${other}\` is loaded in this process, and only one of the two can be`,
      hints: [`take \`tfjs:${backend === "node" ? "node-gpu" : "node"}\`, or load the other one`],
    };
  }
  if (backend === "node-gpu" && isUsingGpuDevice !== true) {
    return {
      missing: "TensorFlow finds no graphics card that it can use, and would compute on the processor",
      hints: startHints(backend),
    };
  }
  if (backend === "webgl" && !tf.env().getBool("WEBGL_RENDER_FLOAT32_ENABLED")) {
    return {
      missing: "this WebGL renders into textures of half precision only, whose numbers would be wrong",
      hints: [],
    };
  }
  try {
    await requireSum(opened);
  } catch (error) {
    return {
      missing: `the backend \`${opened.name}\` does not compute: ${reasonOf(error)}`,
      hints: startHints(backend),
    };
  }
  const by = {
    ...{ cpu: "in plain JavaScript", wasm: "as WebAssembly", webgl: "on WebGL", webgpu: `on ${adapter}` },
    ...{ node: "on the processor", "node-gpu": "on CUDA" },
  }[backend];
  const version = tf.version_core ?? "of an unknown version";
  const library = binding?.TF_Version === undefined ? "" : `, libtensorflow ${binding.TF_Version}`;
  return { tf, opened, description: `tfjs ${version}${library}, ${by}` };
}

/** Of tfjs-node and tfjs-node-gpu 4.22. */
interface NodeBackend {
  readonly isGPUPackage: boolean;
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version?: string };
}

/** Some faults show only when a kernel runs, as that of tfjs-node on a Node that is too new for it. */
async function requireSum(opened: OpenedBackend): Promise<void> {
  const { engine } = opened;
  const sum = onBackend(opened, () =>
    inScope(engine, () => {
      const a = engine.makeTensor(Float32Array.of(1, 2), [2], "float32");
      const b = engine.makeTensor(Float32Array.of(3, 4), [2], "float32");
      const result = engine.runKernel("Add", { a, b }) as TfjsTensor;
      result.kept = true;
      return result;
    }),
  );
  try {
    const [first, second] = (await sum.data()) as Float32Array;
    if (first !== 4 || second !== 6) throw new Error(`1 + 3 gives ${first}, and 2 + 4 gives ${second}`);
  } finally {
    sum.dispose();
  }
}

function reasonOf(error: unknown): string {
  const message = (error as { message?: unknown } | undefined)?.message;
  return (typeof message === "string" ? message : String(error)).trim().split("\n", 1)[0]!;
}
