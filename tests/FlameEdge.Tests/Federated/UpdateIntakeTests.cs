using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Federated;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

/// <summary>Which updates have a place in a round, and what the others hear.</summary>
public sealed class UpdateIntakeTests : IAsyncLifetime
{
    private static readonly ParameterLayout Layout = ParameterLayout.Of([("w", [2], ParameterKind.Trainable)]);
    private static readonly WorkerId Trainer = new("trainer_0");
    private static readonly WorkerId Stranger = new("trainer_1");
    private readonly JobPlan plan = TestJobs.Flat(2, new RoundSpec { Count = 9 }, new TrainingSpec());
    private readonly MemoryChannelBackend backend = new(new MemoryHub());
    private readonly MemoryStateStore state = new();
    private CollectedRound round = null!; // Set before each test.
    private UpdateIntake intake = null!; // Set before each test.

    public async ValueTask InitializeAsync()
    {
        var terms = new RoundTerms("run", 3, "base", SumStep.For(100, 10), Ticket: 5, Plan: 7);
        round = new(terms, [Trainer, Stranger], Layout.Length) { Sum = new ExactSum(Layout.Length, terms.Step) };
        intake = await IntakeAsync();
    }

    public async ValueTask DisposeAsync() => await backend.DisposeAsync();

    [Fact]
    public async Task An_update_is_counted_once()
    {
        Assert.Equal("counted", (await JudgeAsync()).Answer);
        Assert.Equal("already counted", (await JudgeAsync()).Answer);

        Assert.Equal(4, round.Samples);
        Assert.Equal([1f, -2f], Mean());
        Assert.True(round.IsResolved(Trainer));
        Assert.False(round.IsResolved(Stranger));
    }

    [Theory]
    [InlineData("another round", "late", "round 2 is over")]
    [InlineData("another run", "late", "it starts from another model, or under another plan")]
    [InlineData("another base", "late", "it starts from another model, or under another plan")]
    [InlineData("another ticket", "late", "it starts from another model, or under another plan")]
    [InlineData("another plan", "late", "it starts from another model, or under another plan")]
    [InlineData("no samples", "refused", "an update needs at least one sample")]
    [InlineData("less than no samples", "refused", "an update needs at least one sample")]
    [InlineData("more samples than the limit", "refused", "exceed what the round was announced for")]
    [InlineData("a large value", "refused", "a value is larger than rounds.largestValue (10)")]
    [InlineData("a value that is none", "refused", "")]
    [InlineData("half a body", "refused", "")]
    [InlineData("no head", "refused", "")]
    [InlineData("nobody chose it", "refused", "it was not selected for this round")]
    public async Task What_has_no_place_changes_nothing_and_hears_why(string what, string verdict, string reason)
    {
        var head = Head();
        var answer = what switch
        {
            "another round" => await JudgeAsync(number: 2),
            "another run" => await JudgeAsync(head with { Run = "r" }),
            "another base" => await JudgeAsync(head with { Base = "b" }),
            "another ticket" => await JudgeAsync(head with { Ticket = 4 }),
            "another plan" => await JudgeAsync(head with { Plan = 6 }),
            "no samples" => await JudgeAsync(head with { Samples = 0 }),
            "less than no samples" => await JudgeAsync(head with { Samples = -1 }),
            "more samples than the limit" => await JudgeAsync(head with { Samples = round.Terms.Step.WeightLimit + 1 }),
            "a large value" => await JudgeAsync(values: [11, 0]),
            "a value that is none" => await JudgeAsync(values: [float.NaN, 0]),
            "half a body" => await JudgeAsync(cut: 3),
            "no head" => await JudgeAsync(json: "{"u8.ToArray()),
            _ => await JudgeAsync(from: Stranger),
        };

        Assert.Equal(verdict, answer.Answer);
        Assert.Contains(reason, answer.Reason, StringComparison.Ordinal);
        Assert.Empty(round.Counted);
        await (await IntakeAsync()).FoldStoredAsync(round, Layout, [Trainer, Stranger], CancellationToken.None);
        Assert.Empty(round.Counted);
    }

    [Fact]
    public async Task What_was_counted_is_counted_again_after_a_restart_and_forgotten_with_its_round()
    {
        await JudgeAsync();
        var again = new CollectedRound(round.Terms, round.Cohort, Layout.Length) { Sum = new ExactSum(Layout.Length, round.Terms.Step) };

        await (await IntakeAsync()).FoldStoredAsync(again, Layout, [Trainer], CancellationToken.None);

        Assert.Equal(Mean(), Mean(again));
        Assert.Equal(4, again.Samples);
        await state.CommitAsync([.. intake.Forget(round)], CancellationToken.None);
        var third = new CollectedRound(round.Terms, round.Cohort, Layout.Length) { Sum = new ExactSum(Layout.Length, round.Terms.Step) };
        await (await IntakeAsync()).FoldStoredAsync(third, Layout, [Trainer], CancellationToken.None);
        Assert.Empty(third.Counted);
    }

    private static UpdateHead Head() => new() { Run = "run", Base = "base", Ticket = 5, Plan = 7, Samples = 4 };

    private float[] Mean(CollectedRound? of = null)
    {
        var mean = new float[Layout.Length];
        (of ?? round).Sum!.Mean(mean);
        return mean;
    }

    private Task<VerdictHead> JudgeAsync(UpdateHead? head = null, int number = 3, float[]? values = null, int cut = 0, byte[]? json = null, WorkerId? from = null)
    {
        var body = new ArrayBufferWriter<byte>();
        UpdateCodec.Plain.Encode(Layout, values ?? [1, -2], body);
        var message = new Message
        {
            Kind = MessageKind.Update,
            Round = number,
            Head = json ?? FederatedJson.Write(head ?? Head(), FederatedJson.Default.UpdateHead),
            Body = new ReadOnlySequence<byte>(body.WrittenMemory[..^cut]),
        };
        return intake.JudgeAsync(round, Layout, [Trainer], new MessageArrived(from ?? Trainer, 1, message), 0, null, TestContext.Current.CancellationToken);
    }

    private async Task<UpdateIntake> IntakeAsync()
    {
        var context = await LoneWorker.ContextAsync(backend, plan, new("aggregator_0"), new("trainer"), state);
        return new(context, context.Channels[new("param")]);
    }
}
