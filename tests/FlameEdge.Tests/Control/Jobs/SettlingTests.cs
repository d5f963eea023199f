using System.Text;
using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Channels.Presence;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.State;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlameEdge.Tests.Control.Jobs;

/// <summary>What a controller hears before it is in charge is answered when it is.</summary>
public sealed class SettlingTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private static readonly BulletinTopic Order = BulletinTopic.OfFleet(new AgentId("gw"), BulletinKind.Task);
    private static readonly BulletinTopic State = BulletinTopic.OfJob(new JobId("demo"), new AgentId("controller"), BulletinKind.State);
    private readonly MemoryBulletin board = new();
    private readonly MemoryStateStore memory = new();

    [Fact]
    public async Task An_agent_and_a_job_that_were_there_first_are_told_of_and_remembered()
    {
        board.Alive(new AgentId("gw"), new AliveNote("s", 1, AliveNote.Online));
        await board.PostAsync(BulletinTopic.OfFleet(new AgentId("gw"), BulletinKind.Birth), FleetJson.Write(ScriptedFleet.Birth("gw", "d-0", "d-1"), FleetJson.Default.AgentBirth), CancellationToken.None);
        using var stopping = new CancellationTokenSource();
        await using var channels = new MemoryChannelBackend(new MemoryHub());
        var options = new ControllerOptions { Session = "s0", Settling = TimeSpan.FromMilliseconds(600) };
        var running = new Controller(board, channels, memory, options, TimeProvider.System, NullLogger<Controller>.Instance).RunAsync(stopping.Token);

        // Asked until somebody listens: that is long before the controller is in charge.
        var wish = Encoding.UTF8.GetBytes($$"""{"state":"running","request":"r1","text":{{ScriptedFleet.Job()}}}""");
        for (var asked = 0; asked < 5; asked++)
        {
            await board.PostAsync(BulletinTopic.OfJob(new JobId("demo"), new AgentId("operator"), BulletinKind.Desired), wish, CancellationToken.None);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        await UntilAsync(State, json => FleetJson.Read(json, FleetJson.Default.JobStatus) is { Request: "r1" });
        await UntilAsync(Order, json => FleetJson.Read(json, FleetJson.Default.AgentTask) is { Jobs.Count: 1 });
        Assert.Single(await memory.ListAsync(ControllerCore.Jobs, CancellationToken.None));
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private async Task UntilAsync(BulletinTopic topic, Func<byte[], bool> isMet)
    {
        using var bound = new CancellationTokenSource(Bound);
        await foreach (var notice in board.WatchAsync(topic, bound.Token))
        {
            if (isMet(notice.Json.ToArray()))
            {
                return;
            }
        }
    }
}
