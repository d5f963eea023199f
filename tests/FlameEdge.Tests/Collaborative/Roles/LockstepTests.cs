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
    [Fact]
    public async Task Roles_in_lockstep_decide_what_a_run_in_memory_decides()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var expected = Expected("digits", "W1-s0");

        var job = JobTexts.Sound(CanoeJobs.Stored("digits/W1-s0", "memory", """ "lockstep": { "wait": "60s" }, """));
        var seen = await new InMemoryJob(Expansion.Expand(job)).RunAsync(TestContext.Current.CancellationToken);

        CanoeEvent[] events = [.. seen.Events.Where(entry => entry.Worker.Value == "site_0").Select(entry => CanoeEvent.Read(entry.Event.Json.Span)!)];
        Assert.DoesNotContain(events, happened => happened.Event == "refused");
        Assert.Equal(expected.Verdicts.Select(verdict => (verdict.Helper.Replace('-', '_'), verdict.Refusal?.ToString())), events.Where(happened => happened.Event == "verdict").Select(happened => (happened.Peer!, happened.Reason)));
        Assert.Equal(expected.Accuracies[0], events.Where(happened => happened.Event == "score").Select(happened => happened.Accuracy!.Value));
    }

    private static RunResult Expected(string dataset, string name)
    {
        var folder = SharedData.Path("golden", "canoe", dataset);
        var workload = StreamFiles.Workload(Path.Combine(folder, $"{name}.json.gz"));
        var files = StreamFiles.Base(Path.Combine(folder, workload.Base));
        return new StreamRun(new StreamData(files, StreamRows.Load(SharedData.Path("data"), files.Dataset, files.Files, files.ClassNames, files.Seed)), new RunOptions(StreamBench.SettingsFor(dataset))).Run(workload);
    }
}
