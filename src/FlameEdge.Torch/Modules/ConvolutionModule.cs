using FlameEdge.Models.Declared;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Modules;

/// <summary>A convolution over images with square windows and stride 1, at zero until it is initialized.</summary>
internal sealed class ConvolutionModule : nn.Module<Tensor, Tensor>
{
    private static readonly long[] s_ones = [1, 1];
    private readonly long[] _padding;
    private readonly Parameter _weight;
    private readonly Parameter _bias;

    public ConvolutionModule(ConvolutionLayer layer)
        : base("Conv2d")
    {
        _padding = [layer.Padding, layer.Padding];
        _weight = new Parameter(zeros(layer.Shape[0], layer.Inputs, layer.Window, layer.Window));
        _bias = new Parameter(zeros(layer.Shape[0]));
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    public override Tensor forward(Tensor input) => nn.functional.conv2d(input, _weight, _bias, s_ones, _padding, s_ones);
}
