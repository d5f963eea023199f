using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Torch.Tests;

public class TrainerTests() : TrainerContract(new TorchEngine())
{
    [Theory]
    [InlineData("onnx", "runtime: onnx")]
    [InlineData("forest", "softmax, mlp, lenet and torch")]
    public void Models_of_other_runtimes_are_refused(string kind, string advice)
    {
        var data = TestModels.Clusters(10, 3, seed: 1, shape: 8);

        var refusal = Assert.Throws<ModelMismatchException>(() => Trainers.Open(new ModelSpec { Kind = kind, Path = "model.onnx" }, data));

        Assert.Contains(advice, refusal.Message, StringComparison.Ordinal);
    }
}
