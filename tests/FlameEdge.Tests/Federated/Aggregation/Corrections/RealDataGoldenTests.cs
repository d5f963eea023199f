using System.Text.Json;
using FlameEdge.Federated.Aggregation;
using FlameEdge.Federated.Aggregation.Personal;
using FlameEdge.Parameters;
using FlameEdge.Tests.Models.Loading;
using FlameEdge.Topology;
using static FlameEdge.Tests.Federated.Aggregation.GoldenAlgorithms;
using static FlameEdge.Tests.Models.Loading.ReferenceSpecs;

namespace FlameEdge.Tests.Federated.Aggregation.Corrections;

/// <summary>Whole curves on real data: every algorithm, both sides, 20 rounds.</summary>
[Trait("Category", "Golden")]
public class RealDataGoldenTests
{
    public static TheoryData<string, int> Runs => Cases("real-data", "runs");

    public static TheoryData<string> Buffered => FilesOf("real-data/fedbuff");

    public static TheoryData<string> Personal => FilesOf("real-data/personal");

    [Theory]
    [MemberData(nameof(Runs))]
    public void An_algorithm_follows_its_curve(string name, int index)
    {
        var (file, trace) = (File(name), Case(name, index, "runs"));
        var (clients, test) = Fleet(file.GetProperty("data").GetString()!);
        Assert.Equal(file.Wholes("client_train_rows"), clients.Select(client => client.Count));
        var layout = test.Layout;
        var run = new CorrectedRun(trace.GetProperty("algorithm").GetString()!, trace.GetProperty("parameters"), layout, new float[layout.Length], [.. clients.Select<SoftmaxClient, Gradient>(client => client.Gradient)], [.. clients.Select(client => client.Count)]);
        var everyone = Enumerable.Range(0, clients.Count).ToArray();
        foreach (var (expected, round) in trace.GetProperty("curve").EnumerateArray().Select((row, i) => (row, i)))
        {
            var participants = file.TryGetProperty("participants_per_round", out var chosen) ? chosen[round].Wholes() : everyone;
            var models = run.Round(participants).Select(result => result.Model).ToList();

            AssertPoint(expected, run.Model, test);
            if (trace.TryGetProperty("curve_of_average", out var average))
            {
                var mean = new RunningMean(layout.Length);
                models.ForEach(model => mean.Fold(model, 1));
                AssertPoint(average[round], mean.Mean, test);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Buffered))]
    public void Asynchronous_arrivals_follow_their_curve(string name)
    {
        var file = File(name);
        var (clients, test) = Fleet(file.GetProperty("data").GetString()!);
        var layout = test.Layout;
        var model = new float[layout.Length];
        var (held, versions) = (clients.Select(_ => model.ToArray()).ToList(), new long[clients.Count]);
        var buffer = new FedBuff(layout, new FedAvg(layout), file.Whole("goal_K"));
        foreach (var arrival in file.GetProperty("events").EnumerateArray().Select(row => row.Wholes()))
        {
            var client = arrival[0];
            Assert.Equal((arrival[1], arrival[2]), ((int)versions[client], (int)(buffer.Version - versions[client])));
            var trained = LocalSteps.Run(clients[client].Gradient, held[client], 0, default, file.Whole("local_steps"), file.Number("lr"));
            var change = new float[layout.Length];
            ParameterMath.Delta(held[client], trained, change);
            if (buffer.Fold(change, versions[client]) == UpdateFold.Full)
            {
                buffer.Step(model);
                AssertPoint(file.GetProperty("curve")[(int)buffer.Version - 1], model, test);
            }

            (held[client], versions[client]) = (model.ToArray(), buffer.Version);
        }

        Assert.Equal(file.GetProperty("curve").GetArrayLength(), buffer.Version);
    }

    [Theory]
    [MemberData(nameof(Personal))]
    public void Ditto_and_fine_tuning_follow_their_curves(string name)
    {
        var file = File(name);
        var (clients, test) = Fleet(file.GetProperty("data").GetString()!);
        var tests = Users.Select(user => new SoftmaxClient(Loader.Load(Dataset(Wisdm("test"), Of(user), Pooled)))).ToList();
        var (layout, steps, learningRate) = (test.Layout, file.Whole("local_steps"), file.Number("lr"));
        var (model, correction) = (new float[layout.Length], new float[layout.Length]);
        var dittos = clients.Select(_ => new Ditto(layout, file.Number("lambda"), model)).ToList();
        foreach (var expected in file.GetProperty("curve").EnumerateArray())
        {
            var mean = new RunningMean(layout.Length);
            foreach (var (client, ditto) in clients.Zip(dittos))
            {
                ditto.Begin(model, correction);
                ditto.Complete(LocalSteps.Run(client.Gradient, ditto.Personal, ditto.Lambda, correction, steps, learningRate));
                mean.Fold(LocalSteps.Run(client.Gradient, model, 0, default, steps, learningRate), client.Count);
            }

            mean.Mean.CopyTo(model);
            AssertMeans(expected[1].GetDouble(), expected[2].GetDouble(), [.. tests.Zip(dittos, (own, ditto) => own.Score(ditto.Personal))]);
            AssertMeans(expected[3].GetDouble(), expected[4].GetDouble(), [.. tests.Select(own => own.Score(model))]);
        }

        var tuned = file.GetProperty("fine_tuned");
        AssertMeans(tuned.Number("mean_own_test_accuracy"), tuned.Number("mean_own_test_loss"), [.. clients.Zip(tests, (client, own) =>
            own.Score(LocalSteps.Run(client.Gradient, model, 0, default, file.Whole("fine_tune_steps"), learningRate)))]);
    }

    private static StandardizeSpec Pooled => new() { Kind = "pooled", Pool = [Wisdm("train")] };

    private static PartSpec Of(int user) => new() { Kind = "column", Column = "user", Value = $"{user}" };

    private static (List<SoftmaxClient> Clients, SoftmaxClient Test) Fleet(string data)
    {
        var (clients, test) = data switch
        {
            "digits-noniid-2shards" or "digits-noniid-2shards-partial-participation" =>
                (Parts(Loader, Digits(new RowsSpec { Count = 1437 }), "shards", 5), Loader.Load(Dataset(Digits(new RowsSpec { First = 1437 })))),
            "wisdm-har-30-users" =>
                (Users.Select(user => Loader.Load(Dataset(Wisdm("train"), Of(user), Pooled))).ToList(), Loader.Load(Dataset(Wisdm("test"), standardize: Pooled))),
            _ => throw new ArgumentException($"the traces name data '{data}' that this test does not know", nameof(data)),
        };
        return ([.. clients.Select(client => new SoftmaxClient(client))], new SoftmaxClient(test));
    }

    // The files' tolerances for float32: loss and norm 1e-4, accuracy within two test rows.
    private static void AssertPoint(JsonElement expected, ReadOnlySpan<float> model, SoftmaxClient test)
    {
        var (accuracy, loss) = test.Score(model);
        Assert.Equal(expected[1].GetDouble(), accuracy, (2.0 / test.Count) + 1e-9);
        Assert.Equal(expected[2].GetDouble(), loss, 1e-4);
        Assert.Equal(expected[3].GetDouble(), ParameterMath.Norm(model), 1e-4 * Math.Max(1, expected[3].GetDouble()));
    }

    // And for means over clients: loss 1e-4, accuracy 0.005.
    private static void AssertMeans(double accuracy, double loss, IReadOnlyList<(double Accuracy, double Loss)> scores)
    {
        Assert.Equal(accuracy, scores.Average(score => score.Accuracy), 0.005);
        Assert.Equal(loss, scores.Average(score => score.Loss), 1e-4);
    }
}
