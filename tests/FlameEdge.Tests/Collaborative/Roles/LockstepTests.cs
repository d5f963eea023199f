using FlameEdge.Collaborative.Bench;
using FlameEdge.Collaborative.Roles;
using FlameEdge.Testing;
using FlameEdge.Tests.Federated;
using FlameEdge.Tests.Topology;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Collaborative.Roles;

[Trait("Category", "Golden")]
public class LockstepTests
{
    [Theory]
    [InlineData("W1", null)]
    [InlineData("W4", null)]
    [InlineData("W7", "50")]
    public async Task Roles_in_lockstep_decide_what_a_run_in_memory_decides(string workload, string? badPackets)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var (expected, targets) = Expected("digits", workload, badPackets);

        var more = badPackets is null ? "" : $""" "offers": "{badPackets}", """;
        var job = JobTexts.Sound(CanoeJobs.Stored("digits", workload, "memory", more + """ "lockstep": { "wait": "60s" }, """));
        var seen = await new InMemoryJob(Expansion.Expand(job)).RunAsync(TestContext.Current.CancellationToken);

        CanoeEvent[] all = [.. seen.Events.Select(entry => CanoeEvent.Read(entry.Event.Json.Span)!)];
        Assert.DoesNotContain(all, happened => happened.Event is "refused" or "outOfStep");
        Assert.NotEmpty(expected.Verdicts);
        Assert.Equal(badPackets is not null, expected.Verdicts.Any(verdict => !verdict.IsAccepted));

        // Batch by batch, and within it one target after the other.
        Assert.Equal(
            Enumerable.Range(0, expected.Accuracies[0].Count).SelectMany(batch => targets.Select(target => ((long)batch, $"site_{target}"))),
            all.Where(happened => happened.Event == "score").Select(happened => (happened.Batch, happened.Site)));
        foreach (var (i, target) in targets.Index())
        {
            var events = all.Where(happened => happened.Site == $"site_{target}").ToArray();
            Assert.Equal(expected.Verdicts.Where(verdict => verdict.Target == $"site-{target}").Select(verdict => (verdict.Helper.Replace('-', '_'), verdict.Refusal?.ToString())), events.Where(happened => happened.Event == "verdict").Select(happened => (happened.Peer!, happened.Reason)));
            Assert.Equal(expected.Accuracies[i], events.Where(happened => happened.Event == "score").Select(happened => happened.Accuracy!.Value));
        }
    }

    private static (RunResult Result, IReadOnlyList<int> Targets) Expected(string dataset, string name, string? badPackets)
    {
        var path = SharedData.Stream(dataset, name);
        var workload = StreamFiles.Workload(path);
        var files = StreamFiles.Base(Path.Combine(Path.GetDirectoryName(path)!, workload.Base));
        return (new StreamRun(new StreamData(files, StreamRows.Load(SharedData.Path("data"), files.Dataset, files.Files, files.ClassNames, files.Seed)), new RunOptions(StreamBench.SettingsFor(dataset)) { Offers = badPackets }).Run(workload), [.. workload.Streams.Select(streamed => streamed.Site)]);
    }
}
