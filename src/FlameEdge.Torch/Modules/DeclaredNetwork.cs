using FlameEdge.Models.Declared;
using FlameEdge.Topology;
using TorchSharp;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Modules;

/// <summary>Builds declared models of modules; tensors, names and start are the model's, so no generator of torch's is used.</summary>
internal static class DeclaredNetwork
{
    public static Network Of(DeclaredModel model)
    {
        var start = model.Start();
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var module = nn.Sequential(model.Layers.Select(layer => ModuleOf(layer)));

        foreach (var ((_, parameter), entry) in module.named_parameters().Zip(model.Tensors.Entries))
        {
            start[entry].CopyTo(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(parameter.bytes));
        }

        var learned = model.Layout.Entries.Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
        var spec = new ModelSpec { Kind = model.Kind, Freeze = [.. model.Tensors.Entries.Select(entry => entry.Name).Where(name => !learned.Contains(name))] };
        return new Network(module, model.SampleShape, model.Layers[^1].Shape[0], FlatTensors.Of(module, spec), model.Initialize);

        (string, nn.Module<Tensor, Tensor>) ModuleOf(Layer layer) => layer switch
        {
            LinearLayer linear => (linear.Name, new LinearModule(linear)),
            ConvolutionLayer convolution => (convolution.Name, new ConvolutionModule(convolution)),
            MaxPoolLayer => (Numbered("pool"), nn.MaxPool2d(2)),
            FlattenLayer => (Numbered("flatten"), nn.Flatten()),
            ActivationLayer { Function: "relu" } => (Numbered("relu"), nn.ReLU()),
            ActivationLayer { Function: "tanh" } => (Numbered("tanh"), nn.Tanh()),
            ActivationLayer { Function: "sigmoid" } => (Numbered("sigmoid"), nn.Sigmoid()),
            _ => throw new InvalidOperationException($"there is no module for {layer}"),
        };

        string Numbered(string kind)
        {
            numbers[kind] = numbers.GetValueOrDefault(kind) + 1;
            return $"{kind}{numbers[kind]}";
        }
    }
}
