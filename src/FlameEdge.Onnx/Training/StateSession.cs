using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Training;

/// <summary>A session that reads a trainer's present parameters in place, whichever of the two sets holds them. Not thread-safe.</summary>
internal sealed class StateSession : IDisposable
{
    private readonly InferenceSession _session;
    private readonly StateBuffers _state;
    private readonly RunOptions _options = new();
    private readonly OrtIoBinding[] _bindings;

    /// <summary>Opens <paramref name="model"/>, whose inputs have the names of the layout.</summary>
    /// <exception cref="ModelMismatchException">The runtime does not take the graph.</exception>
    public StateSession(ModelProto model, StateBuffers state, string name, int threads)
    {
        _state = state;
        _session = Sessions.Open(model.ToByteArray(), name, GraphOptimizationLevel.ORT_ENABLE_ALL, threads);
        _bindings = [_session.CreateIoBinding(), _session.CreateIoBinding()];
        for (var side = 0; side < 2; side++)
        {
            state.Side(side).BindParameters(_bindings[side]);
        }
    }

    /// <summary>Where a run that begins at set <paramref name="side"/> reads and writes.</summary>
    public OrtIoBinding Binding(int side) => _bindings[side];

    /// <summary>Makes every coming run read <paramref name="value"/> as <paramref name="input"/>; the caller keeps owning it.</summary>
    /// <exception cref="DatasetException">The model has no such input, or it takes values of another type or shape.</exception>
    public void BindInput(string input, OrtValue value)
    {
        CheckFits(input, value.GetTensorTypeAndShape());
        _bindings[0].BindInput(input, value);
        _bindings[1].BindInput(input, value);
    }

    /// <summary>Makes every coming run write <paramref name="output"/> to <paramref name="value"/>; the caller keeps owning it.</summary>
    public void BindOutput(string output, OrtValue value)
    {
        _bindings[0].BindOutput(output, value);
        _bindings[1].BindOutput(output, value);
    }

    /// <summary>Runs at the present parameters.</summary>
    public void Run() => _session.RunWithBinding(_options, _bindings[_state.Current]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var binding in _bindings)
        {
            binding.Dispose();
        }

        _options.Dispose();
        _session.Dispose();
    }

    // The runtime would find out as well, but only in the middle of the first step.
    private void CheckFits(string input, OrtTensorTypeAndShapeInfo value)
    {
        var takes = _session.InputMetadata.GetValueOrDefault(input) ?? throw new DatasetException($"the model has no input '{input}'");
        var fits = takes.ElementDataType == value.ElementDataType
            && takes.Dimensions.Length == value.Shape.Length
            && takes.Dimensions.Zip(value.Shape, (open, size) => open < 0 || open == size).All(same => same);
        if (!fits)
        {
            throw new DatasetException(
                $"the input '{input}' takes {takes.ElementDataType} [{string.Join(", ", takes.Dimensions)}], not {value.ElementDataType} [{string.Join(", ", value.Shape)}]");
        }
    }
}
