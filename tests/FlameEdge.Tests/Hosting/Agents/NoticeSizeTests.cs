using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Hosting.Agents;

namespace FlameEdge.Tests.Hosting.Agents;

/// <summary>What an agent says fits a retained notice, however much there is to say.</summary>
public class NoticeSizeTests
{
    [Fact]
    public void A_birth_with_a_thousand_datasets_lists_what_fits_and_counts_all()
    {
        var json = NoticeSize.Fit(AgentBench.FactsOf(datasets: 1000).Birth);

        var birth = FleetJson.Read(json, FleetJson.Default.AgentBirth)!;
        Assert.InRange(json.Length, BulletinTopic.MaximumRetainedBytes - 200, BulletinTopic.MaximumRetainedBytes);
        Assert.Equal(1000, birth.DatasetCount);
        Assert.Equal("dataset-0", birth.Datasets[0].Name);
    }

    [Fact]
    public void A_state_with_a_hundred_workers_lists_who_does_not_run_first_and_counts_all()
    {
        var state = new AgentState
        {
            Agent = "edge",
            Incarnation = 1,
            State = AgentCondition.Busy,
            Config = new ConfigReport("0123", [new("name", new string('x', 500))], []),
            Work = [.. Enumerable.Range(0, 100).Select(index => new WorkReport
            {
                Job = "study", Generation = "0123456789ab", Worker = $"trainer_{index}", Attempt = 1, Phase = index == 99 ? WorkPhase.Failed : WorkPhase.Running, Reason = index == 99 ? new string('y', 999) : null,
            })],
        };

        var json = NoticeSize.Fit(state);

        var cut = FleetJson.Read(json, FleetJson.Default.AgentState)!;
        Assert.InRange(json.Length, BulletinTopic.MaximumRetainedBytes - 300, BulletinTopic.MaximumRetainedBytes);
        Assert.Equal(("trainer_99", 200), (cut.Work[0].Worker, cut.Work[0].Reason!.Length));
        Assert.Equal((99, 1), (cut.WorkCount!["running"], cut.WorkCount["failed"]));
    }

    [Fact]
    public void Labels_that_leave_no_room_are_cut_too()
    {
        var labels = Enumerable.Range(0, 500).ToDictionary(index => $"label-{index}", _ => new string('v', 60), StringComparer.Ordinal);

        var json = NoticeSize.Fit(AgentBench.FactsOf(datasets: 3).Birth with { Labels = labels });

        Assert.InRange(json.Length, 1, BulletinTopic.MaximumRetainedBytes);
        Assert.Equal(3, FleetJson.Read(json, FleetJson.Default.AgentBirth)!.DatasetCount);
    }
}
