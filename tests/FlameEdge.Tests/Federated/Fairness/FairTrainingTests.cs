using FlameEdge.Diagnostics;
using FlameEdge.Federated.Fairness;
using FlameEdge.Models;
using FlameEdge.Testing;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Fairness;

/// <summary>The client's loss: its gradient is that of the cross-entropy and the penalty on the bias of all rows.</summary>
public class FairTrainingTests
{
    private const float Nudge = 1e-2f;
    private static readonly Dataset Data = TestJobs.Rows(TestJobs.Data(0));
    private static readonly float[] Logits = [.. Enumerable.Range(0, 2 * Data.Count).Select(i => MathF.Sin(i))];
    private static readonly TrainingSpec Training = new() { BatchSize = null };

    public static TheoryData<string, string> Kinds => new MatrixTheoryData<string, string>([FairnessSpec.Parity, FairnessSpec.Opportunity, FairnessSpec.Calibration], [FairnessSpec.Squared, FairnessSpec.Absolute]);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_gradient_is_that_of_finite_differences(string fair, string penalty)
    {
        var spec = Of(fair) with { Gamma = 4, Penalty = penalty };
        using var trainer = Open();
        using var training = new FairTraining(spec, trainer, Data, 0, Training);
        var gradient = new float[Logits.Length];

        training.Slopes(TermsOf(fair, Logits), [.. Enumerable.Range(0, Data.Count)], Logits, gradient);

        for (var i = 0; i < Logits.Length; i++)
        {
            var slope = (Objective(spec, i, Nudge) - Objective(spec, i, -Nudge)) / (2 * (double)Nudge);
            Assert.Equal(slope, gradient[i], 2e-6);
        }
    }

    [Fact]
    public void Clients_gradients_weighed_by_their_rows_are_the_gradient_of_all_rows()
    {
        var spec = Of(FairnessSpec.Parity) with { Gamma = 4 };
        using var trainer = Open();
        using var training = new FairTraining(spec, trainer, Data, 0, Training);
        var known = TermsOf(FairnessSpec.Parity, Logits);
        var (all, one, two) = (new float[Logits.Length], new float[20], new float[Logits.Length - 20]);

        training.Slopes(known, [.. Enumerable.Range(0, Data.Count)], Logits, all);
        training.Slopes(known, [.. Enumerable.Range(0, 10)], Logits.AsSpan(0, 20), one);
        training.Slopes(known, [.. Enumerable.Range(10, Data.Count - 10)], Logits.AsSpan(20), two);

        var summed = one.Select(value => value * 10f / Data.Count).Concat(two.Select(value => value * (Data.Count - 10f) / Data.Count));
        Assert.All(all.Zip(summed), pair => Assert.Equal(pair.First, pair.Second, 1e-7f));
    }

    [Fact]
    public void Where_no_terms_are_known_it_trains_as_any_client_does()
    {
        using var plain = Open();
        using var trainer = Open();
        using var training = new FairTraining(Of(FairnessSpec.Parity), trainer, Data, 0, Training);

        var (expected, result) = (plain.Train(Data, 1, CancellationToken.None), training.Train(default, 1, CancellationToken.None));

        Assert.Equal((expected.Samples, expected.Steps), (result.Samples, result.Steps));
        Assert.Equal(expected.Loss, result.Loss, 1e-6);
        Assert.All(Values(plain).Zip(Values(trainer)), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
    }

    [Fact]
    public void A_feature_is_found_by_its_name_behind_those_of_two_columns()
    {
        var dataset = new DatasetSpec { Id = new("d"), Source = new() { Format = "csv", Features = [new() { Column = "hour", Kind = "cycle", Period = 24 }, new() { Column = "age" }] } };

        Assert.Equal(2, FairTraining.ColumnOf(Of(FairnessSpec.Parity) with { Feature = "age" }, dataset));
        var error = Assert.Throws<TopologyException>(() => FairTraining.ColumnOf(Of(FairnessSpec.Parity) with { Feature = "sex" }, dataset));
        Assert.Contains("dataset 'd' names no feature 'sex'; it has hour (sine), hour (cosine), age", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, FairTraining.ColumnOf(Of(FairnessSpec.Parity) with { Feature = "rms" }, new() { Id = new("m"), Source = new() { Format = "vibration" } }));
    }

    [Fact]
    public void An_engine_without_passes_and_a_class_that_is_none_are_refused()
    {
        using var plain = new SoftmaxEngine().Open(new ModelSpec { Kind = "softmax" }, [2], 2, Training);
        using var trainer = Open();

        Assert.Contains("the engine cannot", Assert.Throws<TopologyException>(() => new FairTraining(Of(FairnessSpec.Parity), plain, Data, 0, Training)).Message, StringComparison.Ordinal);
        Assert.Contains("positive is 2", Assert.Throws<TopologyException>(() => new FairTraining(Of(FairnessSpec.Parity) with { Positive = 2 }, trainer, Data, 0, Training)).Message, StringComparison.Ordinal);
    }

    private static FairnessSpec Of(string fair) => new() { Fair = fair, Feature = "x", Above = 0 };

    private static ITrainer Open() => new SteppingEngine().Open(new ModelSpec { Kind = "softmax" }, [2], 2, Training);

    private static float[] Values(ITrainer trainer)
    {
        var values = new float[trainer.Layout.Length];
        trainer.Save(values);
        return values;
    }

    private static FairnessTerms TermsOf(string fair, float[] logits) => FairnessTerms.Of(
        fair,
        [.. Enumerable.Range(0, Data.Count).Select(row => 1 / (1 + Math.Exp(logits[2 * row] - (double)logits[(2 * row) + 1])))],
        [.. Data.Labels.ToArray().Select(label => label == 1)],
        [.. Enumerable.Range(0, Data.Count).Select(row => Data.Features.Span[2 * row] > 0)]);

    // γ/2 B² or γ |B| beside the mean cross-entropy, of all rows.
    private static double Objective(FairnessSpec spec, int index, float by)
    {
        float[] logits = [.. Logits];
        logits[index] += by;
        var bias = TermsOf(spec.Fair, logits).Bias;
        var loss = Enumerable.Range(0, Data.Count).Average(row => Scoring.CrossEntropy(logits.AsSpan(2 * row, 2), Data.Labels.Span[row]));
        return loss + (spec.Gamma!.Value * (spec.Penalty == FairnessSpec.Squared ? bias * bias / 2 : Math.Abs(bias)));
    }
}
