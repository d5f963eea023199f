using System.Runtime.InteropServices;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Topology;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Modules;

/// <summary>The tensors of a module in two contiguous buffers, values and gradients: the module's own tensors are views of them.</summary>
/// <remarks>Trainable tensors come first, then running statistics. Writing values is for the time between a backward and the next forward pass: autograd does not notice it.</remarks>
internal sealed class FlatTensors : IDisposable
{
    private readonly Tensor _values;
    private readonly Tensor _gradients;

    private FlatTensors(IReadOnlyList<(string Name, Tensor Tensor, ParameterKind Kind)> tensors)
    {
        Layout = ParameterLayout.Of(tensors.Select(tensor => (tensor.Name, (IReadOnlyList<int>)[.. tensor.Tensor.shape.Select(size => checked((int)size))], tensor.Kind)));
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        (_values, _gradients) = scope.Detach(zeros(Layout.Length), zeros(Layout.Length));
        foreach (var (entry, tensor) in Layout.Entries.Zip(tensors, (entry, tensor) => (entry, tensor.Tensor)))
        {
            var values = PartOf(_values, entry, tensor.shape);
            values.copy_(tensor);
            tensor.set_(values);
            if (entry.Kind == ParameterKind.Trainable)
            {
                tensor.grad = PartOf(_gradients, entry, tensor.shape);
            }
        }

        var learned = Layout.Entries.Where(entry => entry.Kind == ParameterKind.Trainable).Sum(entry => entry.Length);
        (Parameters, Gradients) = scope.Detach(_values.narrow(0, 0, learned), _gradients.narrow(0, 0, learned));
    }

    /// <summary>Names, shapes and offsets.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>All values, in layout order.</summary>
    public Span<float> Values => MemoryMarshal.Cast<byte, float>(_values.bytes);

    /// <summary>All gradients, in layout order; zero at running statistics.</summary>
    public ReadOnlySpan<float> GradientValues => MemoryMarshal.Cast<byte, float>(_gradients.bytes);

    /// <summary>What is learned, [count].</summary>
    public Tensor Parameters { get; }

    /// <summary>Where backward passes add the gradients of what is learned, [count].</summary>
    public Tensor Gradients { get; }

    /// <summary>Takes over the tensors of <paramref name="module"/> in the order of their registration; those that <paramref name="spec"/> freezes stay out and as they are.</summary>
    /// <exception cref="ModelMismatchException">A tensor is not float32, or nothing is left to learn.</exception>
    public static FlatTensors Of(nn.Module<Tensor, Tensor> module, ModelSpec spec)
    {
        var learned = module.named_parameters().DistinctBy(pair => pair.parameter.Handle).Where(pair => pair.parameter.requires_grad).ToList();
        var frozen = FrozenTensors.Of(spec, [.. learned.Select(pair => pair.name)]);
        foreach (var (_, parameter) in learned.Where(pair => frozen.Contains(pair.name)))
        {
            parameter.requires_grad_(false);
        }

        // Counters of batches are whole numbers, mean nothing to others, and stay with the module.
        return new FlatTensors(
        [
            .. learned.Where(pair => !frozen.Contains(pair.name)).Select(pair => (pair.name, Checked(pair.name, pair.parameter), ParameterKind.Trainable)),
            .. module.named_buffers(recurse: true, include_nonpersistent: false)
                .Where(pair => pair.buffer.is_floating_point())
                .Select(pair => (pair.name, Checked(pair.name, pair.buffer), ParameterKind.Buffer)),
        ]);
    }

    public void Dispose()
    {
        Parameters.Dispose();
        Gradients.Dispose();
        _values.Dispose();
        _gradients.Dispose();
    }

    private static Tensor PartOf(Tensor flat, ParameterEntry entry, long[] shape) => flat.narrow(0, entry.Offset, entry.Length).view(shape);

    private static Tensor Checked(string name, Tensor tensor) => tensor.dtype == ScalarType.Float32 && tensor.device_type == TorchSharp.DeviceType.CPU
        ? tensor
        : throw new ModelMismatchException($"the module's tensor '{name}' is {tensor.dtype} on {tensor.device_type}; only float32 on the CPU is trained");
}
