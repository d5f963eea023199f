using FlameEdge.Topology;

namespace FlameEdge.Channels.Presence;

/// <summary>Works out who is on a channel from what agents and workers have posted. Thread-safe; it knows neither network nor clock.</summary>
/// <remarks>A worker is there while its note names the session its agent is online with. A cleared note is a departure at once; a lost or
/// exchanged session is doubt, which ends with a departure unless the same or a newer run shows up in time. A newer run that shows up while the
/// older counts as present is an arrival without a departure.</remarks>
public sealed class PresenceTable(
    ChannelEndpoint endpoint, PresenceOptions options, TimeProvider time, Action<Peer> arrived, Action<WorkerId> departed) : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<AgentId, AliveNote> alive = [];
    private readonly Dictionary<WorkerId, Entry> workers = [];
    private bool isClosed;

    /// <summary>A worker's note, or null where it was cleared. Ignored where the plan does not put this worker on this agent.</summary>
    public void Here(AgentId agent, WorkerId worker, HereNote? note)
    {
        lock (gate)
        {
            if (isClosed || !endpoint.Placement.TryGetValue(worker, out var placed) || placed != agent)
            {
                return;
            }

            var entry = EntryOf(worker, agent);
            if (note is not null && note.Incarnation < entry.Newest)
            {
                return;
            }

            entry.Note = note;

            // Who took leave may come back with an empty disk: what it was is no measure of what it will be.
            entry.Newest = note?.Incarnation ?? 0;
            entry.IsHereConfirmed = true;
            Review(worker, entry);
        }
    }

    /// <summary>An agent's note.</summary>
    public void Alive(AgentId agent, AliveNote note)
    {
        lock (gate)
        {
            if (isClosed || (alive.TryGetValue(agent, out var known) && !note.IsNewsAfter(known)))
            {
                return;
            }

            alive[agent] = note;
            foreach (var (worker, entry) in workers)
            {
                if (entry.Agent == agent)
                {
                    entry.IsAliveConfirmed = true;
                    Review(worker, entry);
                }
            }
        }
    }

    /// <summary>This process has a new connection: who is not seen again in time has left meanwhile.</summary>
    public void Reconnected()
    {
        lock (gate)
        {
            foreach (var (worker, entry) in workers)
            {
                if (entry.Present is not null)
                {
                    entry.IsHereConfirmed = entry.IsAliveConfirmed = false;
                    Doubt(worker, entry, options.ReturnGrace);
                }
            }
        }
    }

    /// <summary>These workers are no longer where they were, or not in the plan any more: whoever of them is present has left.</summary>
    public void Moved(IEnumerable<WorkerId> gone)
    {
        lock (gate)
        {
            foreach (var worker in gone)
            {
                if (!workers.Remove(worker, out var entry))
                {
                    continue;
                }

                entry.EndDoubt();
                if (entry.Present is not null)
                {
                    departed(worker);
                }
            }
        }
    }

    /// <summary>What a worker that is present has posted; null for one that is not.</summary>
    public HereNote? NoteOf(WorkerId worker)
    {
        lock (gate)
        {
            return workers.TryGetValue(worker, out var entry) && entry.Present is not null ? entry.Note : null;
        }
    }

    /// <summary>What the workers of an agent that are present have posted.</summary>
    public IReadOnlyList<HereNote> NotesOf(AgentId agent)
    {
        lock (gate)
        {
            return [.. workers.Values.Where(entry => entry.Agent == agent && entry.Present is not null).Select(entry => entry.Note).OfType<HereNote>()];
        }
    }

    /// <summary>Forgets everybody; this worker leaves. Departures are not told.</summary>
    public void Clear()
    {
        lock (gate)
        {
            foreach (var entry in workers.Values)
            {
                entry.EndDoubt();
            }

            workers.Clear();
            alive.Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            Clear();
            isClosed = true;
        }
    }

    private Entry EntryOf(WorkerId worker, AgentId agent)
    {
        if (!workers.TryGetValue(worker, out var entry))
        {
            workers[worker] = entry = new Entry(agent);
            entry.IsAliveConfirmed = alive.ContainsKey(agent);
        }

        return entry;
    }

    private bool IsUp(Entry entry) =>
        entry.Note is not null && alive.TryGetValue(entry.Agent, out var agent) && agent.State == AliveNote.Online && agent.Session == entry.Note.Session;

    private void Review(WorkerId worker, Entry entry)
    {
        if (entry.Note is { } note && IsUp(entry))
        {
            if (entry is { IsHereConfirmed: true, IsAliveConfirmed: true })
            {
                entry.EndDoubt();
            }

            var peer = new Peer(worker, note.Incarnation, new PeerCard(note.Samples) { Replica = note.Replica });
            if (entry.Present != peer)
            {
                entry.Present = peer;
                arrived(peer);
            }
        }
        else if (entry.Present is not null)
        {
            if (entry.Note is null)
            {
                Depart(worker, entry);
            }
            else if (entry.Doubt is null)
            {
                Doubt(worker, entry, options.LostGrace);
            }
        }
    }

    private void Doubt(WorkerId worker, Entry entry, TimeSpan grace)
    {
        entry.EndDoubt();
        var doubt = entry.DoubtCount;
        entry.Begin(time.CreateTimer(_ => EndOfGrace(worker, entry, doubt), null, grace, Timeout.InfiniteTimeSpan));
    }

    private void EndOfGrace(WorkerId worker, Entry entry, int doubt)
    {
        lock (gate)
        {
            if (entry.DoubtCount != doubt)
            {
                return;
            }

            entry.EndDoubt();
            if (entry.Present is not null && !(entry is { IsHereConfirmed: true, IsAliveConfirmed: true } && IsUp(entry)))
            {
                Depart(worker, entry);
            }
        }
    }

    private void Depart(WorkerId worker, Entry entry)
    {
        entry.EndDoubt();
        entry.Present = null;
        departed(worker);
    }

    private sealed class Entry(AgentId agent)
    {
        public AgentId Agent { get; } = agent;

        public HereNote? Note { get; set; }

        public long Newest { get; set; }

        public Peer? Present { get; set; }

        public bool IsHereConfirmed { get; set; }

        public bool IsAliveConfirmed { get; set; }

        public ITimer? Doubt { get; private set; }

        public void Begin(ITimer timer) => Doubt = timer;

        /// <summary>Tells one doubt from the next: a timer may fire while it is being put off.</summary>
        public int DoubtCount { get; private set; }

        public void EndDoubt()
        {
            Doubt?.Dispose();
            Doubt = null;
            DoubtCount++;
        }
    }
}
