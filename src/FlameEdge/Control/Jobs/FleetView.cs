using FlameEdge.Channels.Presence;
using FlameEdge.Control.Fleet;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Control.Jobs;

/// <summary>The fleet as a controller sees it. Losses count from when this side saw them, on this side's clock: no common one is needed.</summary>
/// <param name="grace">How long an agent may take to be seen (again) after the controller itself has connected, before it counts as lost.</param>
internal sealed class FleetView(TimeSpan grace)
{
    /// <summary>How much longer than the lease a loss must last: the agent's clock may run slower by so much, and what it stops needs a moment.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);

    // More agents than a controller is made for; a name beyond them is dropped.
    private const int MostAgents = 20_000;
    private readonly SortedDictionary<string, SeenAgent> agents = new(StringComparer.Ordinal);
    private TimeSpan firstSeen;

    public IReadOnlyCollection<SeenAgent> Agents => agents.Values;

    /// <summary>Up to when losses are known to have lasted: the broker has since repeated something that was posted then.</summary>
    public TimeSpan ConfirmedUntil { get; private set; } = TimeSpan.MinValue;

    /// <summary>The agent of this name; null where nothing is known of it.</summary>
    public SeenAgent? Find(string name) => agents.GetValueOrDefault(name);

    /// <summary>The agent of this name, made known where it was not; null where the name is none or there are too many.</summary>
    public SeenAgent? Of(string name, TimeSpan now)
    {
        if (agents.TryGetValue(name, out var known))
        {
            return known;
        }

        return SafeName.IsSafe(name) && agents.Count < MostAgents ? agents[name] = new SeenAgent(name, Later(now, firstSeen) + grace) : null;
    }

    /// <summary>A life sign.</summary>
    public void Alive(string name, AliveNote note, TimeSpan now)
    {
        if (Of(name, now) is not { } agent || (agent.Alive is { } known && !note.IsNewsAfter(known)))
        {
            return;
        }

        agent.Alive = note;
        if (note.State == AliveNote.Online)
        {
            agent.LostSince = null;
        }
        else if (agent is { Birth: null, State: null, Foreign.Count: 0 })
        {
            // A tool or another controller that has left, or an agent whose other notices come later.
            agents.Remove(name);
        }
        else if (agent.LostSince is null || agent.LostSince > now)
        {
            agent.LostSince = now;
        }
    }

    /// <summary>This side has a new connection. Nobody was watched meanwhile: every loss begins anew, and who is not seen again in time is lost.</summary>
    public void Reconnected(TimeSpan now)
    {
        firstSeen = now;
        foreach (var agent in agents.Values)
        {
            agent.LostSince = agent.Alive is { State: not AliveNote.Online } ? now : now + grace;
        }
    }

    /// <summary>The broker has repeated what was posted at <paramref name="postedAt"/>; whatever it knew then has been read.</summary>
    public void Echoed(TimeSpan postedAt) => ConfirmedUntil = Later(ConfirmedUntil, postedAt);

    /// <summary>When a loss will have lasted longer than <paramref name="lease"/>; null while the agent is there.</summary>
    public static TimeSpan? OverAt(SeenAgent agent, TimeSpan lease) => agent.LostSince + lease + Margin;

    /// <summary>True where the loss has lasted longer than the lease and the broker has confirmed it since.</summary>
    public bool IsOver(SeenAgent agent, TimeSpan lease) => OverAt(agent, lease) is { } at && at <= ConfirmedUntil;

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
