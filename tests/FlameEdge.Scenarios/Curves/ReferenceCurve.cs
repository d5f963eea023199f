using System.Text.Json;
using FlameEdge.Rounds;
using FlameEdge.Testing;

namespace FlameEdge.Scenarios.Curves;

/// <summary>A published learning curve and the number of rows it was scored on.</summary>
internal sealed record ReferenceCurve(int TestRows, IReadOnlyList<ReferenceRound> Rounds)
{
    // An independent float32 implementation stayed within 2e-7 of the published float64 losses (the data's README), which bounds
    // rounding; a row in the wrong part, a wrong weight or step bends the curve by far more than 1e-5.
    private const double LossTolerance = 1e-5;

    // Relative. A norm moves with the parameters, of which float32 keeps seven digits, over a few hundred steps.
    private const double NormTolerance = 1e-5;

    // A tie between two scores may fall the other way: one row. Accuracies are printed with up to six digits.
    private double AccuracyTolerance => (1.0 / TestRows) + 1e-6;

    /// <summary>Reads a curve, a list of [round, accuracy, loss, norm], from a dataset's reference.json.</summary>
    public static ReferenceCurve Read(string data, int testRows, params string[] path)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("data", data, "reference.json")));
        var curve = path.Aggregate(file.RootElement, (node, name) => node.GetProperty(name));
        return new(testRows, [.. curve.EnumerateArray().Select(round => new ReferenceRound(round[1].GetDouble(), round[2].GetDouble(), round[3].GetDouble()))]);
    }

    /// <summary>Every round of the curve was run and met.</summary>
    public void AssertFollowedBy(JobResult result)
    {
        Assert.Equal(Rounds.Count, result.Rounds.Count);
        foreach (var (expected, actual) in Rounds.Zip(result.Rounds))
        {
            Assert.True(
                Math.Abs(expected.Loss - actual.Loss!.Value) <= LossTolerance
                && Math.Abs(expected.Accuracy - actual.Accuracy!.Value) <= AccuracyTolerance
                && Math.Abs(expected.Norm - actual.Norm) <= NormTolerance * expected.Norm,
                $"{result.Job}, round {actual.Round}: expected {expected}, got accuracy {actual.Accuracy}, loss {actual.Loss}, norm {actual.Norm}");
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{result.Job}: loss within {Rounds.Zip(result.Rounds).Max(pair => Math.Abs(pair.First.Loss - pair.Second.Loss!.Value)):0.0e+0} over {Rounds.Count} rounds");
    }
}

/// <summary>One round of it: accuracy in [0, 1], mean cross-entropy in nats, Euclidean norm of all parameters.</summary>
internal sealed record ReferenceRound(double Accuracy, double Loss, double Norm);
