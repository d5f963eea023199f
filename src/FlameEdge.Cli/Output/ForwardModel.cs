using System.Buffers;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Onnx;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Output;

/// <summary>Makes the plain forward ONNX model of a job, for other programs.</summary>
internal static class ForwardModel
{
    /// <summary>The model as a file's content.</summary>
    /// <param name="job">The job; it names a model.</param>
    /// <param name="model">Its model, with the path of its file here.</param>
    /// <param name="shape">Shape of a sample.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="parameters">What it learned, as <c>model.parameters</c> holds it; null for its start.</param>
    /// <exception cref="ModelMismatchException">There is no such model, or the values are another's.</exception>
    /// <exception cref="PayloadException">The values cannot be read.</exception>
    public static byte[] Of(JobSpec job, ModelSpec model, IReadOnlyList<int> shape, int classes, ReadOnlyMemory<byte>? parameters)
    {
        using var trainer = new OnnxEngine().Open(model, shape, classes, job.Training);
        trainer.Initialize(job.Seed);
        if (parameters is { } learned)
        {
            var values = new float[trainer.Layout.Length];
            UpdateCodec.Plain.Decode(new ReadOnlySequence<byte>(learned), trainer.Layout, values);
            trainer.Load(values);
        }

        var unfinished = Path.GetTempFileName();
        try
        {
            ((IModelExporter)trainer).Export(unfinished);
            return File.ReadAllBytes(unfinished);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }
}
