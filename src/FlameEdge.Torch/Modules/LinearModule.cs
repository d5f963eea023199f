using FlameEdge.Models.Declared;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Modules;

/// <summary>A fully connected layer. Torch's own draws its start from a generator that the whole process shares; this one draws nothing.</summary>
internal sealed class LinearModule : nn.Module<Tensor, Tensor>
{
    private readonly Parameter _weight;
    private readonly Parameter _bias;

    public LinearModule(LinearLayer layer)
        : base("Linear")
    {
        _weight = new Parameter(zeros(layer.Outputs, layer.Inputs));
        _bias = new Parameter(zeros(layer.Outputs));
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    public override Tensor forward(Tensor input) => nn.functional.linear(input, _weight, _bias);
}
