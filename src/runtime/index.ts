/** The runtime: opens compiled programs, trains, evaluates and explains them. Works in browsers and in Node alike. */
export { BcosError, type Diagnostic } from "../diagnostics/diagnostic.ts";
export type {
  Device,
  DeviceOptions,
  DeviceSession,
  LaunchTiming,
  Profile,
  Profiler,
  ResidentOptions,
  ResidentRuns,
  RunTiming,
  Tensor,
} from "./device.ts";
export { deviceNames, type DeviceChoice } from "./devices/registry.ts";
export { webgpuDeviceOn, type GraphicsDevice } from "./devices/webgpu/device-on.ts";
export { tuneProgram, type TunedKernel, type TuneOptions, type TuningResult } from "./devices/webgpu/tune-program.ts";
export { mergeTunings, parseTuning, type Tuning } from "./tuning.ts";
export { openSession, type Feeds, type Precision, type Session, type SessionOptions } from "./session.ts";

export type { Augmentation } from "./data/augment.ts";
export {
  orderedBatches,
  trainingBatches,
  trainingSteps,
  type Batch,
  type TrainingBatchOptions,
} from "./data/batches.ts";
export { classesNamed, parseClassNames, type ClassNames } from "./data/class-names.ts";
export { createDataset, datasetFromIdx, range, subset, type Dataset } from "./data/dataset.ts";
export { parseIdx, readIdx, type IdxArray } from "./data/idx.ts";
export { decodeImage } from "./data/image-browser.ts";
export { fitImage, usualShorterSide, type ImageSize } from "./data/image-input.ts";
export { encodeNpy } from "./data/npy.ts";
export { toUnit, type Channels } from "./data/pixels.ts";
export { syntheticImages } from "./data/synthetic.ts";
export { centreCrop, resize, resizeAndCrop, resizeShorterSide, type ByteImage } from "./data/resize.ts";

export { learningRateAt, type Schedule, type ScheduleTime, type Warmup } from "./train/schedule.ts";
export {
  train,
  type EpochMetrics,
  type StepMetrics,
  type TrainOptions,
  type TrainPosition,
  type TrainResult,
} from "./train/trainer.ts";
export { evaluate, type ClassAccuracy, type EvaluateOptions, type Evaluation } from "./evaluate/evaluate.ts";
export { gridScores, layOutGrid, type GridLayout, type GridScoreOptions } from "./evaluate/grid-pointing.ts";
export {
  confidentImages,
  localise,
  type ConfidentOptions,
  type Localisation,
  type LocalisationOptions,
} from "./evaluate/localisation.ts";

export {
  colourExplanation,
  smoothingFor,
  type ColourExplanation,
  type ColourOptions,
  type WeightImage,
} from "./explain/colour.ts";
export { contributionBound, contributionMap, type ContributionMapOptions } from "./explain/contribution-map.ts";
export { explain, type ExplainOptions } from "./explain/explainer.ts";
export type { ColourScale, Explanation, Neuron } from "./explain/explanation.ts";
export { explainNeurons, type NeuronOptions } from "./explain/neurons.ts";
export type { ClassOptions, SeveralClasses } from "./explain/classes.ts";
export type { Attribution } from "./posthoc/attribution.ts";
export { attribute, methodNames, programFor, type AttributeOptions, type Method } from "./posthoc/attribute.ts";
export type { Baseline } from "./posthoc/encoded-images.ts";
export { deepLift, guidedBackpropagation } from "./posthoc/equivalents.ts";
export { gaussLegendre, type Quadrature } from "./posthoc/gauss-legendre.ts";
export { gradCam } from "./posthoc/grad-cam.ts";
export { inputGradients, inputTimesGradient, type BaselineOptions } from "./posthoc/gradients.ts";
export { integratedGradients, type IntegratedGradientsOptions } from "./posthoc/integrated-gradients.ts";
export { occlusion, squaresOf, type OcclusionOptions, type Square } from "./posthoc/occlusion.ts";
export type { ProgressOptions } from "./posthoc/progress.ts";
export { randomMasks, rise, type RandomMaskOptions, type RiseOptions } from "./posthoc/rise.ts";
export type { Masks } from "./posthoc/masked.ts";
export {
  profileReport,
  type GraphProfile,
  type LaunchProfile,
  type LayerProfile,
  type Rates,
} from "./profile/report.ts";
export { chromeTrace, type ChromeTrace, type TraceEvent } from "./profile/trace.ts";
export { contactSheet, type ContactSheetItem, type ContactSheetOptions } from "./pictures/contact-sheet.ts";
export {
  createRaster,
  drawText,
  enlarge,
  fillRectangle,
  paste,
  rasterFromUnit,
  textWidth,
  type Colour,
  type Raster,
} from "./pictures/canvas.ts";

export { compiledModel } from "./model/compiled-model.ts";
export type { ModelDescription } from "./model/description.ts";
export type { CanvasPicture, DrawableImage, ImageSource, PixelImage, RawImage } from "./model/images.ts";
export type {
  ClassOf,
  CompiledModel,
  Explain,
  ExplainOptionsOf,
  FitOptions,
  Images,
  LoadedModel,
  LoadOptions,
  ModelExplainOptions,
  ModelExplanation,
  ModelTypes,
  ModelWeights,
  NeuronExplainOptions,
  PerImage,
  Prediction,
  RankedClass,
  Train,
  WeightsSource,
} from "./model/types.ts";

export {
  readSafetensors,
  storeFloat32,
  toFloat32,
  writeSafetensors,
  type Dtype,
  type Safetensors,
  type StoredTensor,
} from "./weights/safetensors.ts";
export {
  importTensors,
  type Imported,
  type ImportOptions,
  type ImportReport,
  type MappedTensor,
} from "./weights/exchange/import-tensors.ts";
export {
  exportTensors,
  type Exported,
  type ExportedTensor,
  type ExportOptions,
  type ExportReport,
} from "./weights/exchange/export-tensors.ts";
export type { FilesBeside } from "./weights/beside.ts";
export { filesBeside, readTensorFile, type TensorFile, type WeightFormat } from "./weights/read-tensors.ts";
export { weightsFromSafetensors, weightsToSafetensors, type Weights, type WeightTensor } from "./weights/weights.ts";

export { convertWeights, type BuiltStep } from "./cosify/convert.ts";
export {
  measureSteps,
  type MeasuredStep,
  type MeasureOptions,
  type StepEffect,
  type StepMeasurement,
} from "./cosify/measure.ts";
