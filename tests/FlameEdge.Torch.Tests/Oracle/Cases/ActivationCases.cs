using FlameEdge.Onnx.Graphs;
using static FlameEdge.Torch.Tests.Oracle.Cases.AllCases;
using static FlameEdge.Torch.Tests.Oracle.Operand;
using static FlameEdge.Torch.Tests.Oracle.OracleCase;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace FlameEdge.Torch.Tests.Oracle.Cases;

/// <summary>Activation functions.</summary>
internal static class ActivationCases
{
    public static IEnumerable<OracleCase> All =>
    [
        Node("Relu", [Apart(3, 4)], t => F.relu(t[0])).Batched(),
        Node("Relu of an image", [Apart(2, 3, 4, 4)], t => F.relu(t[0])).Batched(),
        Node("LeakyRelu", [Apart(3, 4)], t => F.leaky_relu(t[0])).Batched(),
        Node("LeakyRelu alpha", [Apart(3, 4)], t => F.leaky_relu(t[0], 0.3), A("alpha", 0.3f)).Batched(),
        Node("LeakyRelu negative alpha", [Apart(3, 4)], t => where(t[0].gt(0), t[0], -0.5f * t[0]), A("alpha", -0.5f)),
        Node("Elu", [Apart(3, 4)], t => F.elu(t[0], 1)).Batched(),
        Node("Elu alpha", [Apart(3, 4)], t => F.elu(t[0], 0.7), A("alpha", 0.7f)),
        Node("Selu", [Apart(3, 4)], t => F.selu(t[0])).Batched(),
        Node("Celu", [Apart(3, 4)], t => F.celu(t[0], 1.5), A("alpha", 1.5f)).Batched(),
        Node("ThresholdedRelu", [X(3, 4)], t => where(t[0].gt(0.3), t[0], zeros_like(t[0])), A("alpha", 0.3f)).Batched(),
        Node("PRelu channel", [Apart(2, 3, 4), Positive(3, 1)], t => where(t[0].gt(0), t[0], t[0] * t[1])).Batched(),
        Node("PRelu scalar", [Apart(2, 3), Positive(1)], t => where(t[0].gt(0), t[0], t[0] * t[1])).Batched(),
        Node("HardSwish", [Operand.Between(-5, 5, 4, 8)], t => t[0] * ((t[0] / 6) + 0.5).clamp(0, 1)).Batched(),
        Node("Mish", [X(3, 4)], t => F.mish(t[0])).At(18).Batched(),
        Node("Softsign", [X(3, 4)], t => t[0] / (1 + t[0].abs())).Batched(),
        Node("Gelu", [X(3, 4)], t => F.gelu(t[0])).At(20).Batched(),
        Node("Gelu tanh", [X(3, 4)], t => 0.5f * t[0] * (1 + (MathF.Sqrt(2 / MathF.PI) * (t[0] + (0.044715f * t[0].pow(3)))).tanh()), A("approximate", "tanh")).At(20).Batched(),
        Node("Sigmoid", [X(3, 4)], t => t[0].sigmoid()).Batched(),
        Node("Tanh", [X(3, 4)], t => t[0].tanh()).Batched(),
        Node("HardSigmoid", [Operand.Between(-5, 5, 4, 8)], t => ((0.2f * t[0]) + 0.5f).clamp(0, 1)).Batched(),
        Node("HardSigmoid steep", [Operand.Between(-5, 5, 4, 8)], t => ((0.35f * t[0]) + 0.4f).clamp(0, 1), A("alpha", 0.35f), A("beta", 0.4f)),
        Node("Softplus", [X(3, 4)], t => F.softplus(t[0])).Batched(),
        Node("Clip both", [X(4, 5), Given(-0.5) with { Shape = [] }, Given(0.7) with { Shape = [] }], t => t[0].clamp(-0.5f, 0.7f)).Batched(),
        Node("Clip low", [X(4, 5), Given(-0.5) with { Shape = [] }], t => t[0].clamp(min: -0.5f)),
        Graph("Clip high", [X(4, 5)], (g, v) => g.Op("Clip", v[0], default, g.Scalar(0.7f)), t => t[0].clamp(max: 0.7f)),
        Node("Clip none", [X(4, 5)], t => t[0].clone()),
        .. Normalized("Softmax", (t, axis) => t.softmax(axis)),
        .. Normalized("LogSoftmax", (t, axis) => t.log_softmax(axis)),
    ];

    private static IEnumerable<OracleCase> Normalized(string name, Func<Tensor, long, Tensor> torch) =>
    [
        Node(name, [X(3, 4)], t => torch(t[0], -1)).Batched(),
        Node($"{name} axis 0", [X(3, 4)], t => torch(t[0], 0), A("axis", 0)),
        Node($"{name} axis 1 of an image", [X(2, 3, 4, 2)], t => torch(t[0], 1), A("axis", 1)).Batched(),
        Node($"{name} axis -2", [X(2, 3, 4)], t => torch(t[0], -2), A("axis", -2)).Batched(),
        Node($"{name} of a block", [X(2, 3, 4)], t => torch(t[0], 2), A("axis", 2)).Batched(),
    ];
}
