using FlameEdge.Parameters;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Training;

/// <summary>Parameters, buffers and optimizer state between two steps.</summary>
internal sealed class StepState(ParameterLayout layout, int slotCount) : IDisposable
{
    private readonly TensorSet _parameters = new(layout);
    private readonly TensorSet[] _slots = [.. Enumerable.Range(0, slotCount).Select(_ => new TensorSet(layout))];

    /// <summary>All parameters and buffers, in the order of the layout.</summary>
    public Span<float> Parameters => _parameters.Values;

    /// <summary>Sets the optimizer's state to zero.</summary>
    public void ClearSlots()
    {
        foreach (var slot in _slots)
        {
            slot.Values.Clear();
        }
    }

    /// <summary>Lets a session read the parameters and buffers.</summary>
    public void BindParameters(OrtIoBinding binding)
    {
        for (var i = 0; i < layout.Entries.Count; i++)
        {
            binding.BindInput(layout.Entries[i].Name, _parameters.Tensors[i]);
        }
    }

    /// <summary>Lets a step read the optimizer's state.</summary>
    public void BindSlots(OrtIoBinding binding, IReadOnlyList<TrainedTensor> tensors)
    {
        for (var i = 0; i < tensors.Count; i++)
        {
            for (var slot = 0; slot < tensors[i].Slots.Count; slot++)
            {
                binding.BindInput(tensors[i].Slots[slot].Name, _slots[slot].Tensors[i]);
            }
        }
    }

    /// <summary>Lets a step write this state.</summary>
    public void BindOutputs(OrtIoBinding binding, IReadOnlyList<TrainedTensor> tensors)
    {
        for (var i = 0; i < tensors.Count; i++)
        {
            var names = tensors[i];
            binding.BindOutput(names.Next, _parameters.Tensors[i]);
            for (var slot = 0; slot < tensors[i].Slots.Count; slot++)
            {
                binding.BindOutput(names.Slots[slot].Next, _slots[slot].Tensors[i]);
            }
        }
    }

    public void Dispose()
    {
        _parameters.Dispose();
        foreach (var slot in _slots)
        {
            slot.Dispose();
        }
    }
}
