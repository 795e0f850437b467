/** What the runtime has for Node only: files. */
export { decodeImage, readImageFile } from "./data/image-file.node.ts";
export { loadImageFolder } from "./data/image-folder.node.ts";
export { loadMnist, type Mnist } from "./data/mnist.node.ts";
export { writeFileAtomic } from "./files/atomic-write.node.ts";
export { encodePng, savePng } from "./pictures/png.node.ts";
export { loadSafetensors, loadTensorFile, loadWeights, saveSafetensors, saveWeights } from "./weights/files.node.ts";
