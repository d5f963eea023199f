using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Optimizers;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Training;

/// <summary>Runs optimizer steps on a trainer's state. Not thread-safe.</summary>
internal sealed class StepSession : IDisposable
{
    private readonly StateBuffers _state;
    private readonly StateSession _session;
    private readonly IOptimizer _optimizer;
    private readonly float[] _loss = GC.AllocateArray<float>(1, pinned: true);
    private readonly float[] _scalars;
    private readonly List<OrtValue> _values = [];

    /// <summary>Opens <paramref name="graph"/> over <paramref name="state"/>, which has the graph's layout and stays the caller's.</summary>
    /// <exception cref="ModelMismatchException">The runtime does not take the graph.</exception>
    public StepSession(TrainingGraph graph, StateBuffers state, string name, int threads)
    {
        _state = state;
        _optimizer = graph.Rule.Optimizer;
        _session = new StateSession(graph.Model, state, name, threads);
        _scalars = GC.AllocateArray<float>(graph.Scalars.Count, pinned: true);
        for (var side = 0; side < 2; side++)
        {
            state.Side(side).BindSlots(_session.Binding(side), graph.State);
            state.Side(1 - side).BindOutputs(_session.Binding(side), graph.State);
        }

        BindConstants(graph);
        _session.BindOutput(graph.Loss, Scalar(_loss, 0));
        for (var index = 0; index < _scalars.Length; index++)
        {
            _session.BindInput(graph.Scalars[index], Scalar(_scalars, index));
        }
    }

    /// <summary>Makes every coming step read <paramref name="value"/> as the data input <paramref name="input"/>; the caller keeps owning it.</summary>
    /// <exception cref="DatasetException">The model has no such input, or it takes values of another type or shape.</exception>
    public void Bind(string input, OrtValue value) => _session.BindInput(input, value);

    /// <summary>Makes one step and returns the loss before it.</summary>
    public float Step()
    {
        _optimizer.Write(_state.StepCount + 1, _scalars);
        _session.Run();
        _state.Advance();
        return _loss[0];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        _values.ForEach(value => value.Dispose());
    }

    private void BindConstants(TrainingGraph graph)
    {
        for (var i = 0; i < graph.Parameters.Count; i++)
        {
            if (graph.Parameters[i].Anchor is { } anchor)
            {
                _session.BindInput(anchor, _state.Anchor!.Tensors[i]); // a rule with a proximal term has an anchor
            }

            if (graph.Parameters[i].Correction is { } correction)
            {
                _session.BindInput(correction, _state.Correction!.Tensors[i]); // a rule is corrected once there is a correction
            }
        }
    }

    private OrtValue Scalar(float[] values, int index)
    {
        var value = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, values.AsMemory(index, 1), []);
        _values.Add(value);
        return value;
    }
}
