using FlameEdge.Models;
using FlameEdge.Testing.Models;

namespace FlameEdge.Torch.Tests;

public class GradientPassTests() : GradientContract(new TorchEngine())
{
    private static readonly Dataset s_data = TestModels.Clusters(11, 3, seed: 6, shape: [1, 12, 12]);

    [Fact]
    public void Tap_points_are_the_modules_in_their_order()
    {
        using var trainer = Trainers.Open(TestModels.LeNet, s_data);

        Assert.Equal(
            ["conv1 Conv2d 6,12,12", "relu1 ReLU 6,12,12", "pool1 MaxPool2d 6,6,6", "conv2 Conv2d 16,2,2", "relu2 ReLU 16,2,2", "pool2 MaxPool2d 16,1,1", "flatten1 Flatten 16", "fc1 Linear 120"],
            trainer.TapPoints.Take(8).Select(point => $"{point.Name} {point.Kind} {string.Join(',', point.Shape)}"));
    }

    [Fact]
    public void After_a_step_a_pass_wants_its_rows_anew()
    {
        using var trainer = Trainers.Open(TestModels.LeNet, s_data);
        trainer.Initialize(1);
        using var pass = trainer.OpenPass([]);
        var logits = new float[s_data.Count * 3];
        pass.Forward(s_data.Features, logits);
        pass.Step(logits);

        Assert.Throws<InvalidOperationException>(() => pass.Backward(logits));
    }
}
