/** The layers of a model of TensorFlow.js: only what kind each is. */

const MAX_DEPTH = 8;

/** Kinds of layers (`Conv2D`) by their names, as far as the model says them. */
export function layerClasses(model: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const classes = new Map<string, string>();
  const visit = (value: unknown, depth: number): void => {
    if (depth > MAX_DEPTH || typeof value !== "object" || value === null) return;
    const layer = value as Readonly<Record<string, unknown>>;
    const config = layer["config"] as Readonly<Record<string, unknown>> | undefined;
    const name = layer["name"] ?? config?.["name"];
    if (typeof name === "string" && typeof layer["class_name"] === "string") classes.set(name, layer["class_name"]);
    const layers = Array.isArray(config) ? config : config?.["layers"];
    if (Array.isArray(layers)) for (const inner of layers) visit(inner, depth + 1);
    // A layer around another one: `TimeDistributed`, `Bidirectional`.
    if (config?.["layer"] !== undefined) visit(config["layer"], depth + 1);
  };
  const topology = model["modelTopology"] as Readonly<Record<string, unknown>> | undefined;
  visit(topology?.["model_config"] ?? topology, 0);
  return classes;
}
