using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Training;

/// <summary>Runs optimizer steps. State lives in two sets of buffers; each step reads one and writes the other, and no value is copied. Not thread-safe.</summary>
/// <remarks>One set would not do: the runtime may write the next weights before the backward pass has read the present ones.</remarks>
internal sealed class StepSession : IDisposable
{
    private readonly IReadOnlyList<TrainedTensor> _tensors;
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly StepState[] _states;
    private readonly OrtIoBinding[] _bindings;
    private readonly float[] _loss = GC.AllocateArray<float>(1, pinned: true);
    private readonly float[] _scalars;
    private readonly List<OrtValue> _values = [];
    private int _current;

    /// <summary>Opens <paramref name="graph"/>; <paramref name="layout"/> has its tensors, in its order.</summary>
    /// <exception cref="ModelMismatchException">The runtime does not take the graph.</exception>
    public StepSession(TrainingGraph graph, ParameterLayout layout, string name, int threads)
    {
        _tensors = graph.State;
        _session = Sessions.Open(graph.Model.ToByteArray(), name, GraphOptimizationLevel.ORT_ENABLE_ALL, threads);
        _scalars = GC.AllocateArray<float>(graph.Scalars.Count, pinned: true);
        var slotCount = graph.Parameters.Count == 0 ? 0 : graph.Parameters[0].Slots.Count;
        _states = [new StepState(layout, slotCount), new StepState(layout, slotCount)];
        _bindings = [_session.CreateIoBinding(), _session.CreateIoBinding()];

        var loss = Own(OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _loss.AsMemory(), []));
        OrtValue[] scalars = [.. graph.Scalars.Select((_, index) => Own(OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _scalars.AsMemory(index, 1), [])))];
        for (var side = 0; side < 2; side++)
        {
            var binding = _bindings[side];
            _states[side].BindInputs(binding, _tensors);
            _states[1 - side].BindOutputs(binding, _tensors);
            binding.BindOutput(graph.Loss, loss);
            foreach (var (scalar, value) in graph.Scalars.Zip(scalars))
            {
                binding.BindInput(scalar, value);
            }
        }
    }

    /// <summary>The present parameters and buffers, in the order of the layout; valid until the next step.</summary>
    public Span<float> Parameters => _states[_current].Parameters;

    /// <summary>The optimizer's scalars, in its order.</summary>
    public Span<float> Scalars => _scalars;

    /// <summary>Makes every coming step read <paramref name="value"/> as the data input <paramref name="input"/>; the caller keeps owning it.</summary>
    /// <exception cref="DatasetException">The model has no such input, or it takes values of another type or shape.</exception>
    public void Bind(string input, OrtValue value)
    {
        CheckFits(input, value.GetTensorTypeAndShape());
        _bindings[0].BindInput(input, value);
        _bindings[1].BindInput(input, value);
    }

    /// <summary>Lets another session of the same model read the present parameters; they stay in place until the next step.</summary>
    public void BindParameters(OrtIoBinding binding) => _states[_current].BindParameters(binding, _tensors);

    /// <summary>Sets the optimizer's state to zero.</summary>
    public void ResetState() => _states[_current].ClearSlots();

    /// <summary>Makes one step and returns the loss before it.</summary>
    public float Step()
    {
        _session.RunWithBinding(_options, _bindings[_current]);
        _current = 1 - _current;
        return _loss[0];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var binding in _bindings)
        {
            binding.Dispose();
        }

        _values.ForEach(value => value.Dispose());
        foreach (var state in _states)
        {
            state.Dispose();
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

    private OrtValue Own(OrtValue value)
    {
        _values.Add(value);
        return value;
    }
}
