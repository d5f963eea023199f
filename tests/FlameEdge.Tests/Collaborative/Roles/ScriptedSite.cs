using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Collaborative.Roles;

/// <summary>A site that does only what a test says: its ends of the job's channels, and what it is sent.</summary>
internal sealed class ScriptedSite(JobPlan plan, MemoryChannelBackend backend, WorkerId self) : IAsyncDisposable
{
    private readonly List<IChannel> channels = [];

    public async Task<IChannel> JoinAsync(string channel, string otherRole)
    {
        var worker = plan.Find(self)!; // The tests name workers of the plan.
        var others = plan.Members(new(channel), GroupName.Default, new(otherRole)).Where(other => other.Id != self);
        var end = await backend.OpenAsync(
            new ChannelEndpoint
            {
                Job = plan.Job.Name, Channel = new(channel), Group = GroupName.Default, Self = self, Agent = worker.RunsOn, Role = worker.Role, OtherRole = new(otherRole), Incarnation = 9,
                Placement = others.ToDictionary(other => other.Id, other => other.RunsOn),
            },
            TestContext.Current.CancellationToken);
        channels.Add(end);
        await end.JoinAsync(new PeerCard(0), TestContext.Current.CancellationToken);
        return end;
    }

    /// <summary>Sends as soon as the receiver is there.</summary>
    public static async Task SendAsync(IChannel channel, string to, MessageKind kind, byte[] head, byte[]? body = null)
    {
        while (channel.Peers.All(peer => peer.Worker.Value != to))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        await channel.SendAsync(new WorkerId(to), new Message { Kind = kind, Head = head, Body = new ReadOnlySequence<byte>(body ?? []) }, TestContext.Current.CancellationToken);
    }

    /// <summary>The head of the next message of a kind.</summary>
    public static async Task<byte[]> NextAsync(IChannel channel, MessageKind kind)
    {
        await foreach (var item in channel.ReceiveAsync(TestContext.Current.CancellationToken))
        {
            if (item is MessageArrived arrived)
            {
                using (arrived)
                {
                    if (arrived.Message.Kind == kind)
                    {
                        return arrived.Message.Head.ToArray();
                    }
                }
            }
        }

        throw new InvalidOperationException($"no {kind} came");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in channels)
        {
            await channel.DisposeAsync();
        }
    }
}
