using FlameEdge.Rounds;

namespace FlameEdge.Scenarios.Kill;

/// <summary>A way of learning, the points at which its workers are killed, and what must be true afterwards.</summary>
/// <param name="Name">What the report calls it.</param>
/// <param name="Job">Its job.</param>
/// <param name="Points">Who dies where, one life after the other.</param>
/// <param name="IsExact">True where the bits of an undisturbed run must come out; else order, or who was there, is part of the result.</param>
internal sealed record ModeKill(string Name, KillJob Job, IReadOnlyList<(string Victim, string[] Lives)> Points, bool IsExact)
{
    /// <summary>Rounds of <see cref="Longer"/>; 0 where everybody is waited for.</summary>
    public int Rounds { get; init; }

    private static readonly (string Victim, string[] Lives) Trainer = ("trainer_1", ["trained:2", "update-kept:1", "update-sent:1", "state-before-commit:3"]);
    private static readonly (string Victim, string[] Lives) Aggregator = (KillJob.Aggregator, ["update-stored:3", "round-aggregated:1", "model-stored:2", "round-committed:1"]);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(30);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ModeKill> All { get; } =
    [
        new("scaffold", KillJob.Mode("kill-scaffold", ", \"optimizer\": \"scaffold\""), [Trainer, Aggregator], IsExact: true),
        new("feddyn", KillJob.Mode("kill-feddyn", ", \"optimizer\": \"feddyn\""), [Trainer, Aggregator], IsExact: true),
        new("fedadam", KillJob.Mode("kill-fedadam", ", \"optimizer\": { \"kind\": \"fedadam\", \"rate\": 0.02 }"), [Trainer, Aggregator], IsExact: true),
        new("fedgft", KillJob.Mode("kill-fedgft", ", \"optimizer\": { \"kind\": \"fedgft\", \"fair\": \"sp\", \"feature\": \"speed\", \"above\": 0, \"gamma\": 1 }"), [Trainer, Aggregator], IsExact: true),
        new("trimmed mean", KillJob.Mode("kill-trimmed", ", \"robust\": { \"kind\": \"trimmed-mean\", \"trim\": 1 }"), [Trainer, Aggregator], IsExact: true),
        new("eager", KillJob.Eager("kill-eager"), [Trainer, (KillJob.Aggregator, ["update-stored:2", "round-aggregated:1", "model-stored:1", "round-committed:1"])], IsExact: false) { Rounds = 400 },
        new(
            "asynchronous",
            KillJob.Mode("kill-fedbuff", aggregator: ", \"program\": \"asynchronous-aggregator\", \"settings\": { \"buffer\": 2, \"maxStaleness\": 5 }", rounds: 10),
            [Trainer, (KillJob.Aggregator, ["update-blob-stored:2", "update-stored:3", "round-aggregated:1", "round-committed:1"])],
            IsExact: false) { Rounds = 600 },
        new(
            "oort selection",
            KillJob.Mode("kill-oort", channel: ", \"selector\": { \"kind\": \"oort\", \"count\": 3 }", rounds: 12),
            [Trainer, (KillJob.Aggregator, ["selection-kept:2", "update-stored:2", "round-aggregated:1", "round-committed:1"])],
            IsExact: false) { Rounds = 60 },
        new(
            "fedbalancer",
            KillJob.Mode("kill-fedbalancer", ", \"sampler\": { \"kind\": \"fedbalancer\", \"window\": 1, \"lossStep\": 0.2 }", quorum: "3", rounds: 10),
            [Trainer, (KillJob.Aggregator, ["update-stored:2", "round-aggregated:2", "round-committed:1"])],
            IsExact: false) { Rounds = 60 },
        new("ditto", KillJob.Mode("kill-ditto", ", \"personal\": { \"kind\": \"ditto\", \"lambda\": 0.1, \"holdOut\": 0.2 }"), [Trainer, Aggregator], IsExact: true),
        new(
            "ring",
            KillJob.Ring("kill-ring"),
            [("trainer_1", ["ring-trained:2", "ring-part-sent:1", "ring-reduced:1", "model-stored:1"]), ("trainer_0", ["ring-begun:2", "ring-agreed:1", "round-committed:2", "ring-told:1"])],
            IsExact: true),
        new(
            "hybrid",
            KillJob.Hybrid("kill-hybrid"),
            [("trainer_1", ["ring-trained:2", "ring-part-sent:1", "group-stored:1", "group-adopted:1"]), ("trainer_0", ["group-model:2", "ring-agreed:1", "group-kept:1", "group-sent:1"]), (KillJob.Aggregator, ["update-stored:3", "round-committed:1"])],
            IsExact: true),
        new("tcp", KillJob.Large(rounds: 6, "kill-tcp", ", \"backend\": \"tcp\""), [Trainer, Aggregator], IsExact: true),
        new(
            "coordinated",
            KillJob.Coordinated("kill-coordinated", rounds: 8),
            [Trainer, Aggregator, ("middle_1", ["middle-aggregated:1", "update-stored:1"]), ("coordinator_0", ["plan-kept:2", "plan-answered:1", "plan-kept:1"])],
            IsExact: false) { Rounds = 40 },
        new(
            "coordinated asynchronous",
            KillJob.Coordinated("kill-coordinated-fedbuff", ", \"program\": \"asynchronous-aggregator\", \"settings\": { \"buffer\": 2, \"maxStaleness\": 10 }", rounds: 10),
            [Trainer, (KillJob.Aggregator, ["update-stored:2", "round-aggregated:1", "round-committed:1"]), ("middle_1", ["update-stored:1", "middle-aggregated:1", "middle-kept:1"]), ("coordinator_0", ["plan-kept:2", "plan-answered:1"])],
            IsExact: false) { Rounds = 400 },
        new(
            "replicated",
            KillJob.Replicated("kill-replicated"),
            [Trainer, Aggregator, ("middle_0", ["update-stored:2", "middle-kept:1", "middle-sent:1"]), ("middle_1", ["middle-aggregated:1", "update-stored:1", "middle-sent:2"])],
            IsExact: false) { Rounds = 40 },
        new("private, noise of the server", KillJob.Mode("kill-private", ", \"privacy\": { \"kind\": \"server\", \"clip\": 1.0, \"noise\": 0.5, \"epsilon\": 100 }"), [Trainer, Aggregator], IsExact: false),
        new(
            "private, noise of the clients",
            KillJob.Mode("kill-local", ", \"privacy\": { \"kind\": \"client\", \"clip\": 1.0, \"noise\": 0.5, \"epsilon\": 100 }"),
            [("trainer_1", ["privacy-spent:2", "update-kept:1", "update-sent:1", "trained:1"]), Aggregator],
            IsExact: false),
        new(
            "secure aggregation",
            KillJob.Mode("kill-secure", ", \"secureAggregation\": {}", quorum: "3", deadline: Short),
            [("trainer_1", ["secure-keys-sent:2", "secure-shares-sent:1", "secure-masked:1", "secure-reveal-sent:1"]), (KillJob.Aggregator, ["secure-roster:2", "secure-partners:1", "secure-summed:1", "round-committed:1"])],
            IsExact: false) { Rounds = 80 },
    ];

    /// <summary>The same over so many rounds that somebody can die and come back several times before the others, who do not wait, are done.</summary>
    public ModeKill Longer => Rounds == 0 ? this : this with { Job = Job with { Text = Job.Text.Replace($"\"count\": {Job.Rounds}", $"\"count\": {Rounds}", StringComparison.Ordinal), Rounds = Rounds } };

    /// <summary>The one of a name.</summary>
    public static ModeKill Of(string name) => All.First(mode => mode.Name == name);

    /// <summary>Demands that the run ended well, with a model that learned and verdicts that add up.</summary>
    public async Task RequireAsync(FleetOfProcesses fleet)
    {
        if (Job.Text.Contains("\"personal\"", StringComparison.Ordinal))
        {
            Assert.All(Job.Workers.Skip(1), worker => Assert.True(File.Exists(fleet.PathOf(worker, "personal", $"{worker}.json")), $"{worker} has no model of its own\n{fleet.History}"));
        }

        var expected = await Undisturbed.Of(Job);
        if (IsExact)
        {
            Undisturbed.RequireSame(expected, fleet);
            return;
        }

        var actual = fleet.Result;
        try
        {
            Assert.Equal("completed", actual.State);
            Assert.Equal(Enumerable.Range(1, Job.Rounds), actual.Rounds.Select(round => round.Round));
            Assert.Contains(actual.Rounds, round => round.Outcome == RoundOutcome.Completed);
            Assert.All(actual.Rounds, round => Assert.Equal(round.Outcome == RoundOutcome.Completed ? round.Samples : 0, round.Verdicts.Where(verdict => verdict.Verdict == Verdict.Counted && verdict.Via is null).Sum(verdict => verdict.Samples)));
            Assert.All(actual.Rounds.Zip(actual.Rounds.Skip(1)), pair => Assert.Equal(pair.First.Model, pair.Second.Base));
            Assert.All(actual.Rounds, round => Assert.True(double.IsFinite(round.Norm)));
            if (expected.Rounds[^1].Epsilon is { } spent)
            {
                Assert.Equal(spent, actual.Rounds[^1].Epsilon!.Value, 1e-9);
            }
            else
            {
                // Accuracy, for over hundreds of steps the loss of rows that are wrong grows.
                Assert.InRange(actual.Rounds[^1].Accuracy!.Value, expected.Rounds[0].Accuracy!.Value - 0.05, 1);
            }
        }
        catch (Xunit.Sdk.XunitException error)
        {
            Assert.Fail($"{Name}: {error.Message}\n{fleet.History}");
        }
    }
}
