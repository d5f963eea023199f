using FlameEdge.Diagnostics;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Training;

/// <summary>Opens ONNX Runtime the way a shared edge device wants it: few threads, none of them spinning, errors as exceptions only.</summary>
internal static class Sessions
{
    /// <summary>Opens a model from memory; a model the runtime does not take is refused.</summary>
    /// <exception cref="ModelMismatchException">The runtime found an operator, a type or a size that does not fit.</exception>
    public static InferenceSession Open(byte[] model, string name, GraphOptimizationLevel optimization, int threads = 1)
    {
        using var options = new SessionOptions();
        options.ExecutionMode = ExecutionMode.ORT_SEQUENTIAL;
        options.IntraOpNumThreads = threads;
        options.InterOpNumThreads = 1;
        options.GraphOptimizationLevel = optimization;
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;

        // A spinning pool burns the core that the next worker on the device needs.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        try
        {
            return new InferenceSession(model, options);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new ModelMismatchException($"{name}: ONNX Runtime does not take the model: {exception.Message}", exception);
        }
    }
}
