using FlameEdge.Parameters;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

/// <summary>Whole rounds with codecs: what both ends hold, what is kept, and what a crash may not change.</summary>
public class CodecRoundsTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 6, Deadline = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(30) };
    private static readonly CodecSpec Float16 = new() { Values = ValueKind.Float16 };
    private static readonly CodecSpec Int8 = new() { Values = ValueKind.Quantized };
    private static readonly CodecSpec TopK = new() { TopShare = 0.2 };
    private static readonly CodecSpec Sign = new() { Values = ValueKind.Sign };
    private static readonly CodecSpec Delta = new() { IsDelta = true, Values = ValueKind.Quantized };

    public static TheoryData<string, string> Pairs => new()
    {
        { "float16", "float16" }, { "bfloat16", "float32" }, { "int8", "int8" }, { "sign", "float32" }, { "top-k", "float32" }, { "top-k", "delta" }, { "float32", "delta" },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Every_worker_is_counted_in_every_round_and_the_loss_ends_near_that_of_float32(string up, string down)
    {
        var plain = await new InMemoryJob(TestJobs.Flat(3, Rounds, Training)).RunAsync();
        var flat = await new InMemoryJob(With(TestJobs.Flat(3, Rounds, Training), Spec(up), Spec(down))).RunAsync();
        var tree = await new InMemoryJob(With(TestJobs.Tree(4, 2, Rounds, Training), Spec(up), Spec(down))).RunAsync();

        foreach (var run in new[] { flat, tree })
        {
            Assert.All(run.Rounds, round => Assert.All(round.Verdicts, verdict => Assert.Equal(Verdict.Counted, verdict.Verdict)));

            // A model of six values loses what a bit or one value in five can say, but not its way.
            Assert.InRange(run.Rounds[^1].Loss!.Value, plain.Rounds[^1].Loss!.Value - 0.1, plain.Rounds[0].Loss!.Value);
        }
    }

    [Fact]
    public async Task The_round_says_bytes_before_and_after()
    {
        var run = await new InMemoryJob(With(TestJobs.Flat(3, Rounds, Training), Float16, Delta)).RunAsync();

        var length = run.End!.Model.Layout.Length;
        Assert.All(run.Rounds, round => Assert.Equal(new PayloadBytes(3 * (48 + (4 * length)), 3 * (48 + (2 * length))), round.UpdateBytes));
        Assert.Equal(run.Rounds[0].ModelBytes.Before, run.Rounds[0].ModelBytes.After);
        Assert.All(run.Rounds.Skip(1), round => Assert.Equal(new PayloadBytes(48 + (4 * length), 48 + 4 + 4 + length), round.ModelBytes));
    }

    [Fact]
    public async Task Workers_start_from_the_decoded_model_and_the_aggregator_keeps_its_own()
    {
        var starts = new List<float[]>();
        var engine = new SoftmaxEngine { OnLoaded = values => { lock (starts) { starts.Add(values.ToArray()); } } };
        var plan = With(TestJobs.Flat(2, Rounds with { Count = 3 }, Training), CodecSpec.Plain, Float16);

        var run = await new InMemoryJob(plan) { Engine = engine }.RunAsync();

        Assert.NotEqual(run.Rounds[0].Model, run.Rounds[1].Base);
        var halves = starts.Where(values => values.All(value => (float)(Half)value == value)).Select(Hash).ToHashSet();
        Assert.All(run.Rounds, round => Assert.Contains(round.Base, halves));
        Assert.Contains(run.End!.Model.Values.ToArray(), value => (float)(Half)value != value);
    }

    [Theory]
    [InlineData("top-k", "delta")]
    [InlineData("sign", "float16")]
    public async Task A_run_stopped_anywhere_resumes_to_the_undisturbed_bits(string up, string down)
    {
        var plan = With(TestJobs.Tree(4, 2, Rounds, Training), Spec(up), Spec(down));
        var undisturbed = await new InMemoryJob(plan).RunAsync();

        for (var stopAfter = 1; stopAfter < 6; stopAfter++)
        {
            var state = new MemoryStateStore();
            using var stop = new CancellationTokenSource();
            var after = stopAfter;
            var stopped = new InMemoryJob(plan) { State = state, Observer = new RecordingObserver { OnRound = round => StopAfter(round.Round, after, stop) } };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped.RunAsync(stop.Token));

            var resumed = await new InMemoryJob(plan) { State = state }.RunAsync();

            Assert.Equal(undisturbed.Rounds.Select(round => round.Model), resumed.End!.Rounds.Select(round => round.Model));
        }
    }

    private static void StopAfter(int round, int last, CancellationTokenSource stop)
    {
        if (round == last)
        {
            stop.Cancel();
        }
    }

    private static CodecSpec Spec(string name) => name switch
    {
        "float32" => CodecSpec.Plain,
        "float16" => Float16,
        "bfloat16" => new() { Values = ValueKind.BFloat16 },
        "int8" => Int8,
        "sign" => Sign,
        "top-k" => TopK,
        _ => Delta,
    };

    private static string Hash(float[] values) =>
        new ParameterSet(ParameterLayout.Opaque(new("00"), values.Length), values).ContentHash();

    private static JobPlan With(JobPlan plan, CodecSpec up, CodecSpec down)
    {
        var graph = plan.Job.Graph;
        return new(plan.Job with { Graph = graph with { Channels = [.. graph.Channels.Select(channel => channel with { UpCodec = up, DownCodec = down })] } }, plan.Workers);
    }
}
