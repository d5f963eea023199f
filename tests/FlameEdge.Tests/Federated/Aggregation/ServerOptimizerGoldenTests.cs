using System.Text.Json;
using FlameEdge.Federated.Aggregation;
using FlameEdge.Parameters;
using static FlameEdge.Tests.Federated.Aggregation.GoldenAlgorithms;

namespace FlameEdge.Tests.Federated.Aggregation;

[Trait("Category", "Golden")]
public class ServerOptimizerGoldenTests
{
    private static readonly Dictionary<string, string> StateNames = new(StringComparer.Ordinal) { ["momentum"] = "momentum", ["m"] = "m", ["v"] = "v" };

    public static TheoryData<string, int> ServerCases => Cases("optimizers/server");

    public static TheoryData<string, int> BufferCases => Cases("optimizers/fedbuff");

    public static TheoryData<string, int> EagerOrders => Cases("optimizers/means", "eager");

    [Theory]
    [MemberData(nameof(ServerCases))]
    public void An_optimizer_follows_its_trace(string name, int index)
    {
        var (file, trace) = (File(name), Case(name, index));
        var model = file.Floats("x0");
        var optimizer = ServerOptimizers.Make(trace.GetProperty("algorithm").GetString()!, trace.GetProperty("parameters"), Vector(model.Length));
        long[] counts = [.. file.Wholes("sample_counts").Select(count => trace.GetProperty("weighting").GetString() == "samples" ? count : 1L)];
        foreach (var (expected, deltas) in trace.GetProperty("rounds").EnumerateArray().Zip(file.GetProperty("deltas").EnumerateArray()))
        {
            var mean = new RunningMean(model.Length);
            foreach (var (delta, count) in deltas.EnumerateArray().Zip(counts))
            {
                mean.Fold(delta.Floats(), count);
            }

            optimizer.Step(new RoundChange(mean.Mean), model);

            AssertClose(expected.Doubles("aggregated_delta"), mean.Mean);
            AssertClose(expected.Doubles("x"), model);
            var states = expected.EnumerateObject().Where(property => StateNames.ContainsKey(property.Name)).ToList();
            Assert.Equal(states.Count, optimizer.State.Count);
            Assert.All(states, state => AssertClose(state.Value.Doubles(), optimizer.State.Single(vector => vector.Name == StateNames[state.Name]).Values.Span));
        }
    }

    [Theory]
    [MemberData(nameof(BufferCases))]
    public void The_asynchronous_buffer_follows_its_trace(string name, int index)
    {
        var trace = Case(name, index);
        var model = trace.Floats("x0");
        var layout = Vector(model.Length);
        var buffer = new FedBuff(layout, new FedAvg(layout, trace.Number("server_eta")), trace.Whole("goal_K"), (long?)trace.NumberOrNull("max_staleness"));
        foreach (var step in trace.GetProperty("events").EnumerateArray())
        {
            Assert.Equal(step.Whole("server_version_on_arrival"), buffer.Version);

            var fold = buffer.Fold(step.Floats("delta"), step.Whole("base_version"));

            Assert.Equal(step.GetProperty("accepted").GetBoolean(), fold != UpdateFold.TooStale);
            Assert.Equal(step.GetProperty("model_changed").GetBoolean(), fold == UpdateFold.Full);
            if (fold != UpdateFold.TooStale)
            {
                Assert.Equal(step.Number("factor"), FedBuff.Factor(step.Whole("staleness")), 1e-12);
                Assert.Equal(step.Whole("buffer_count"), buffer.Count);
                AssertClose(step.Doubles("buffer"), buffer.State[0].Values.Span);
            }

            if (fold == UpdateFold.Full)
            {
                buffer.Step(model);
                AssertClose(step.Doubles("x"), model);
            }

            Assert.Equal(step.Whole("version_after"), buffer.Version);
        }
    }

    [Theory]
    [MemberData(nameof(EagerOrders))]
    public void The_eager_mean_is_the_mean_of_all_so_far_in_every_order(string name, int index)
    {
        var (file, trace) = (File(name), Case(name, index, "eager"));
        var mean = new RunningMean(file.Doubles("flat_weighted_mean").Length);
        foreach (var step in trace.GetProperty("steps").EnumerateArray())
        {
            mean.Fold(file.GetProperty("deltas")[step.Whole("client")].Floats(), step.Whole("count"));

            Assert.Equal(step.Whole("total_so_far"), mean.Count);
            AssertClose(step.Doubles("running_mean"), mean.Mean);
        }

        AssertClose(file.Doubles("flat_weighted_mean"), mean.Mean);
    }

    [Theory]
    [MemberData(nameof(EagerOrders))]
    public void A_mean_of_means_is_the_flat_mean(string name, int index)
    {
        var (file, trace) = (File(name), Case(name, index, "eager"));
        var length = file.Doubles("flat_weighted_mean").Length;
        var (top, counts) = (new RunningMean(length), file.Wholes("sample_counts"));
        foreach (var group in file.GetProperty("groups").EnumerateArray())
        {
            var middle = new RunningMean(length);
            foreach (var client in trace.Wholes("arrival_order").Intersect(group.Wholes("clients")))
            {
                middle.Fold(file.GetProperty("deltas")[client].Floats(), counts[client]);
            }

            Assert.Equal(group.Whole("count"), middle.Count);
            AssertClose(group.Doubles("mean"), middle.Mean);
            top.Fold(middle.Mean, middle.Count);
        }

        AssertClose(file.Doubles("flat_weighted_mean"), top.Mean);
    }
}

/// <summary>The optimizers by the names the traces give them.</summary>
internal static class ServerOptimizers
{
    public static readonly string[] Names = ["fedavg", "fedavgm", "fedadagrad", "fedadam", "fedyogi", "fednova", "feddyn", "scaffold"];

    public static ServerOptimizer Make(string algorithm, JsonElement settings, ParameterLayout layout)
    {
        var eta = settings.NumberOrNull("eta") ?? settings.NumberOrNull("eta_g") ?? 1;
        var initialV = settings.NumberOrNull("initial_v");
        return algorithm switch
        {
            "fedavg" or "fedprox" => new FedAvg(layout, eta),
            "fedavgm" => new FedAvgM(layout, eta, settings.Number("beta"), settings.TryGetProperty("nesterov", out var nesterov) && nesterov.GetBoolean()),
            "fedadagrad" => new FedAdagrad(layout, eta, settings.Number("beta1"), settings.Number("tau"), initialV),
            "fedadam" => new FedAdam(layout, eta, settings.Number("beta1"), settings.Number("beta2"), settings.Number("tau"), initialV),
            "fedyogi" => new FedYogi(layout, eta, settings.Number("beta1"), settings.Number("beta2"), settings.Number("tau"), initialV),
            "fednova" => new FedNovaServer(layout),
            "feddyn" => new FedDynServer(layout, settings.Number("alpha")),
            "scaffold" => new ScaffoldServer(layout, eta),
            _ => throw new ArgumentException($"the traces name an optimizer '{algorithm}' that this library lacks", nameof(algorithm)),
        };
    }

    /// <summary>Each with settings that are not its defaults' special cases.</summary>
    public static ServerOptimizer Make(string algorithm, ParameterLayout layout)
    {
        using var settings = JsonDocument.Parse("""{"eta":0.5,"beta":0.75,"beta1":0.5,"beta2":0.75,"tau":0.125,"alpha":0.25}""");
        return Make(algorithm, settings.RootElement, layout);
    }
}
