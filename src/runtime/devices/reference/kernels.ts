/** The kernels of the reference device, one a kind of operation. */
import { bcosKernels } from "./kernels/bcos.ts";
import { broadcastKernels } from "./kernels/broadcast.ts";
import { convolutionKernels } from "./kernels/convolution.ts";
import { formKernels } from "./kernels/form.ts";
import { matmulKernels } from "./kernels/matmul.ts";
import { reduceKernels } from "./kernels/reduce.ts";
import { unaryKernels } from "./kernels/unary.ts";
import { windowKernels } from "./kernels/windows.ts";
import type { KernelTable } from "./kernel.ts";

export const kernels: KernelTable = {
  ...unaryKernels,
  ...broadcastKernels,
  ...reduceKernels,
  ...formKernels,
  ...matmulKernels,
  ...convolutionKernels,
  ...windowKernels,
  ...bcosKernels,
};
