using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Diagnostics;

namespace FlameEdge.Hosting.Agents;

/// <summary>Keeps an agent's birth and state at the broker as they are: posted when they change, many changes in a row as one.</summary>
internal sealed class NoticeBoard(FleetAgentSetup setup, Func<AgentBirth> birth, Func<AgentState> state)
{
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PostBound = TimeSpan.FromSeconds(5);
    private readonly Pulse pulse = new();
    private readonly Dictionary<BulletinKind, byte[]> posted = [];

    /// <summary>Something has changed.</summary>
    public void Changed() => pulse.Send();

    /// <summary>Posts until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = pulse.Next;
            await PostAsync(cancellationToken);
            await next.WaitAsync(cancellationToken);
            await Task.Delay(Settling, setup.Time, cancellationToken);
        }
    }

    /// <summary>Posts what has changed since it was last posted.</summary>
    public async Task PostAsync(CancellationToken cancellationToken)
    {
        await PostAsync(BulletinKind.Birth, NoticeSize.Fit(birth()), cancellationToken);
        await PostAsync(BulletinKind.State, NoticeSize.Fit(state()), cancellationToken);
    }

    private async Task PostAsync(BulletinKind kind, byte[] json, CancellationToken cancellationToken)
    {
        if (posted.TryGetValue(kind, out var last) && last.AsSpan().SequenceEqual(json))
        {
            return;
        }

        // The transport keeps it from here on and repeats it after a reconnect, whether this call comes back or not.
        posted[kind] = json;
        using var bound = new CancellationTokenSource(PostBound, setup.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        try
        {
            await setup.Bulletin.PostAsync(BulletinTopic.OfFleet(new(setup.Facts.Birth.Agent), kind), json, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // No broker for now.
        }
        catch (ChannelException)
        {
            // Not allowed: whoever set the rights sees no agent, and the transport has said why.
        }
    }
}
