using FlameEdge.Diagnostics;
using FlameEdge.Federated.Privacy;
using FlameEdge.Rounds;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

public class SecureJobTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 3, Deadline = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(30) };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Masked_updates_come_to_the_same_model_as_plain_ones(bool isTree)
    {
        var plain = await Job(isTree ? 6 : 4, isTree, Rounds, isSecure: false).RunAsync();
        var secure = await Job(isTree ? 6 : 4, isTree, Rounds, isSecure: true).RunAsync();

        Assert.Equal("completed", secure.End!.State);
        AssertNear(plain.End!.Model.Values.ToArray(), secure.End.Model.Values.ToArray());
        Assert.Equal(plain.Rounds.Select(round => round.Samples), secure.Rounds.Select(round => round.Samples));
        Assert.All(secure.Rounds.SelectMany(round => round.Verdicts).Where(verdict => verdict.Worker.StartsWith("trainer", StringComparison.Ordinal)), verdict => Assert.Equal(Verdict.Counted, verdict.Verdict));
    }

    [Fact]
    public async Task The_sum_is_that_of_those_who_stayed_where_three_of_ten_drop_out_after_their_masks_are_in_the_others_updates()
    {
        var rounds = Rounds with { Count = 1, Deadline = TimeSpan.FromSeconds(4), Quorum = 7 };
        static void Hang(string data, CancellationToken token)
        {
            if (data is "d-2" or "d-5" or "d-8")
            {
                token.WaitHandle.WaitOne(TimeSpan.FromSeconds(30));
                token.ThrowIfCancellationRequested();
            }
        }

        var plain = await Job(10, false, rounds, isSecure: false, new() { OnTrain = Hang }).RunAsync();
        var secure = await Job(10, false, rounds, isSecure: true, new() { OnTrain = Hang }).RunAsync();

        Assert.Equal(7, secure.Rounds[0].Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted));
        Assert.Equal(plain.Rounds[0].Samples, secure.Rounds[0].Samples);
        AssertNear(plain.End!.Model.Values.ToArray(), secure.End!.Model.Values.ToArray());
    }

    [Fact]
    public async Task Fewer_than_the_threshold_unmask_nothing()
    {
        // A quorum of one would take any sum; the threshold of four is three.
        var rounds = Rounds with { Count = 1, Deadline = TimeSpan.FromSeconds(2), Quorum = 1, MaxFailures = 1 };
        var engine = new SoftmaxEngine { OnTrain = (data, token) => { if (data is "d-0" or "d-1") { token.WaitHandle.WaitOne(TimeSpan.FromSeconds(20)); } } };
        var observer = new RecordingObserver();

        await Assert.ThrowsAsync<JobFailedException>(() => Job(4, false, rounds, isSecure: true, engine, observer).RunAsync());

        Assert.Equal(RoundOutcome.NoQuorum, Assert.Single(observer.Rounds).Outcome);
        Assert.DoesNotContain(observer.Rounds[0].Verdicts, verdict => verdict.Verdict == Verdict.Counted);
    }

    [Fact]
    public async Task An_update_that_is_not_finite_cannot_be_masked_and_the_others_go_on()
    {
        var engine = new SoftmaxEngine { OnTrained = (data, values) => values[0] = data == "d-1" ? float.NaN : values[0] };

        var observer = await Job(5, false, Rounds with { Count = 1, Deadline = TimeSpan.FromSeconds(3), Quorum = 1 }, isSecure: true, engine).RunAsync();

        Assert.Equal(4, observer.Rounds[0].Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted));
        Assert.DoesNotContain(observer.End!.Model.Values.ToArray(), value => !float.IsFinite(value));
    }

    [Fact]
    public void A_member_takes_no_part_in_a_sum_that_fewer_can_unmask_than_the_job_says()
    {
        var begin = new SecureMessage { Step = SecureMessage.Begin, Attempt = "a", Run = "r", Threshold = 2, Places = Enumerable.Range(0, 6).ToDictionary(index => $"trainer_{index}", index => (byte)(index + 1)) };

        var error = Assert.Throws<PayloadException>(() => new SecureSession(begin, 1, new WorkerId("trainer_3"), new()));

        Assert.Contains("a threshold of 2, where the job asks for 5", error.Message);
        using var session = new SecureSession(begin with { Threshold = 5 }, 1, new WorkerId("trainer_3"), new());
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    [InlineData(4, 3)]
    [InlineData(9, 7)]
    [InlineData(10, 7)]
    [InlineData(255, 171)]
    public void More_than_two_thirds_must_stay(int clients, int threshold) => Assert.Equal(threshold, new SecureAggregationSpec().ThresholdOf(clients));

    private static InMemoryJob Job(int trainers, bool isTree, RoundSpec rounds, bool isSecure, SoftmaxEngine? engine = null, RecordingObserver? observer = null)
    {
        var plan = isTree ? TestJobs.Tree(trainers, 2, rounds, Training) : TestJobs.Flat(trainers, rounds, Training);
        return new(new(plan.Job with { SecureAggregation = isSecure ? new() : null }, plan.Workers)) { Engine = engine ?? new(), Observer = observer ?? new() };
    }

    // Masked numbers end 24 bits behind the point.
    private static void AssertNear(float[] expected, float[] actual)
    {
        Assert.Contains(expected, value => Math.Abs(value) > 0.01);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(pair.Second, pair.First - 1e-6f, pair.First + 1e-6f));
    }
}
