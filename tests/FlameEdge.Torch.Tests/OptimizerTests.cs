using FlameEdge.Models;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;
using TorchSharp;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Tests;

/// <summary>Our steps over flat buffers against torch's own optimizers, tensor by tensor.</summary>
[Collection("Torch has one generator per process")]
public class OptimizerTests
{
    private static readonly TrainingSpec s_training = new() { LearningRate = 0.05, BatchSize = null, Steps = 7 };

    private static readonly Dictionary<string, (TrainingSpec Training, Func<IEnumerable<TorchSharp.Modules.Parameter>, optim.Optimizer> Own)> s_cases = new(StringComparer.Ordinal)
    {
        ["sgd"] = (s_training, p => optim.SGD(p, 0.05)),
        ["momentum"] = (s_training with { Momentum = 0.9, WeightDecay = 0.02 }, p => optim.SGD(p, 0.05, momentum: 0.9, weight_decay: 0.02)),
        ["nesterov"] = (s_training with { Momentum = 0.9, WeightDecay = 0.02, Nesterov = true }, p => optim.SGD(p, 0.05, momentum: 0.9, weight_decay: 0.02, nesterov: true)),
        ["adam"] = (s_training with { Optimizer = OptimizerKind.Adam, WeightDecay = 0.1 }, p => optim.Adam(p, 0.05, weight_decay: 0.1)),
        ["adamw"] = (s_training with { Optimizer = OptimizerKind.AdamW, WeightDecay = 0.1, Beta1 = 0.7, Beta2 = 0.9 }, p => optim.AdamW(p, 0.05, 0.7, 0.9, weight_decay: 0.1)),
        ["clipped"] = (s_training with { ClipNorm = 0.05, Momentum = 0.5 }, p => optim.SGD(p, 0.05, momentum: 0.5)),
    };

    public static TheoryData<string> Cases => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Steps_are_those_of_torch(string name)
    {
        var (training, own) = s_cases[name];
        var data = TestModels.Clusters(40, 3, seed: 3, shape: 6);
        using var trainer = Trainers.Open(TestModels.Mlp("tanh", 5), data, training);
        trainer.Initialize(2);
        var start = trainer.Parameters();

        trainer.Train(data, 1, TestContext.Current.CancellationToken);

        var expected = Expected(data, trainer, start, training, own);
        var movement = expected.Zip(start, (now, before) => Math.Abs(now - before)).Max();
        var distance = expected.Zip(trainer.Parameters(), (one, other) => Math.Abs(one - other)).Max();
        Assert.True(movement > 0.001);
        Assert.InRange(distance / movement, 0, 1e-5);
    }

    private static float[] Expected(Dataset data, TorchTrainer trainer, float[] start, TrainingSpec training, Func<IEnumerable<TorchSharp.Modules.Parameter>, optim.Optimizer> own)
    {
        using var scope = NewDisposeScope();
        using var module = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3));
        var parameters = module.parameters().ToList();
        using (no_grad())
        {
            foreach (var (parameter, entry) in parameters.Zip(trainer.Layout.Entries))
            {
                parameter.copy_(tensor(start[entry.Offset..(entry.Offset + entry.Length)]).reshape(parameter.shape));
            }
        }

        using var optimizer = own(parameters);
        var samples = tensor(data.Features.ToArray()).reshape(data.Count, 6);
        var labels = tensor(data.Labels.ToArray().Select(label => (long)label).ToArray());
        for (var step = 0; step < training.Steps; step++)
        {
            optimizer.zero_grad();
            nn.functional.cross_entropy(module.call(samples), labels).backward();
            if (training.ClipNorm is { } longest)
            {
                nn.utils.clip_grad_norm_(parameters, longest);
            }

            optimizer.step();
        }

        return [.. parameters.SelectMany(parameter => parameter.detach().data<float>().ToArray())];
    }
}
