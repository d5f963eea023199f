using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Training;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Inspection;

/// <summary>A model and the values of its inputs, to be run as often as one likes. Owns both.</summary>
internal sealed class CheckRun : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly string _name;
    private readonly Dictionary<string, OrtValue> _inputs;

    public CheckRun(ModelProto model, string name, IEnumerable<(string Name, OrtValue Value)> inputs)
    {
        _name = name;
        _session = Sessions.Open(model.ToByteArray(), name, GraphOptimizationLevel.ORT_ENABLE_ALL);
        _inputs = inputs.Where(input => _session.InputMetadata.ContainsKey(input.Name)).ToDictionary(input => input.Name, input => input.Value, StringComparer.Ordinal);
    }

    /// <summary>The values of an input, to be changed in place.</summary>
    public Span<float> ValuesOf(string input) => _inputs[input].GetTensorMutableDataAsSpan<float>();

    /// <summary>True where the model has an input of that name.</summary>
    public bool Has(string input) => _inputs.ContainsKey(input);

    /// <summary>Copies values into an input of the same shape.</summary>
    public void Set(string input, OrtValue value) => value.GetTensorMutableRawData().CopyTo(_inputs[input].GetTensorMutableRawData());

    /// <summary>All outputs.</summary>
    /// <exception cref="ModelMismatchException">The runtime cannot run the model on such inputs.</exception>
    public Dictionary<string, (long[] Shape, float[] Values)> Run()
    {
        try
        {
            using var results = _session.Run(_options, _inputs, _session.OutputNames);
            return _session.OutputNames.Zip(results).ToDictionary(
                pair => pair.First,
                pair => (pair.Second.GetTensorTypeAndShape().Shape, pair.Second.GetTensorDataAsSpan<float>().ToArray()),
                StringComparer.Ordinal);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new ModelMismatchException($"{_name}: it cannot be run on drawn values: {exception.Message.ReplaceLineEndings(" ")} Give the sizes of its inputs with --input", exception);
        }
    }

    public void Dispose()
    {
        foreach (var value in _inputs.Values)
        {
            value.Dispose();
        }

        _options.Dispose();
        _session.Dispose();
    }
}
