using FlameEdge.Topology;

namespace FlameEdge.Control.Jobs;

/// <summary>Who has how much to do: counted over all jobs, and kept up while workers are being placed.</summary>
internal sealed class FleetLoad(FleetView fleet)
{
    // A worker's name twice, with its attempt and as leased, in a task, and a job's other fields with some room for checkpoints.
    private const int WorkerBytes = 24;
    private const int JobBytes = 420;
    private const int TaskBytes = 160;
    private readonly Dictionary<string, Share> shares = new(StringComparer.Ordinal);

    /// <summary>Counts a worker that has a place.</summary>
    public void Add(string agent, string job, string worker, NeedsSpec needs) => shares[agent] = Of(agent).With(job, worker, needs);

    /// <summary>No longer counts a worker.</summary>
    public void Remove(string agent, string worker, NeedsSpec needs) => shares[agent] = Of(agent).Without(worker, needs);

    /// <summary>What the fleet has to offer for one more worker of <paramref name="job"/>.</summary>
    public IReadOnlyList<PlacementOffer> OffersFor(string job, WorkerRecord worker) =>
        [.. fleet.Agents.Where(agent => agent.IsCandidate).Select(agent => OfferOf(agent, job, worker.Id) with { Refusal = worker.Refused.GetValueOrDefault(agent.Name) })];

    private PlacementOffer OfferOf(SeenAgent agent, string job, string worker)
    {
        var share = Of(agent.Name);
        var bytes = share.Bytes + (2 * worker.Length) + WorkerBytes + (share.Jobs.Contains(job) ? 0 : JobBytes);
        return new(agent.Birth!, share.Workers, share.Memory, share.Storage, bytes <= Channels.BulletinTopic.MaximumRetainedBytes); // not null: it is a candidate
    }

    private Share Of(string agent)
    {
        if (!shares.TryGetValue(agent, out var share))
        {
            var foreign = fleet.Find(agent)?.Foreign ?? [];
            shares[agent] = share = new Share(foreign.Sum(job => job.Workers.Count), 0, 0, TaskBytes + foreign.Sum(job => JobBytes + job.Workers.Keys.Sum(name => (2 * name.Length) + WorkerBytes)), []);
        }

        return share;
    }

    private sealed record Share(int Workers, long Memory, long Storage, int Bytes, HashSet<string> Jobs)
    {
        public Share With(string job, string worker, NeedsSpec needs)
        {
            var bytes = Bytes + (2 * worker.Length) + WorkerBytes + (Jobs.Add(job) ? JobBytes : 0);
            return this with { Workers = Workers + 1, Memory = Memory + (needs.MemoryBytes ?? 0), Storage = Storage + (needs.StorageBytes ?? 0), Bytes = bytes };
        }

        public Share Without(string worker, NeedsSpec needs) => this with
        {
            Workers = Workers - 1,
            Memory = Memory - (needs.MemoryBytes ?? 0),
            Storage = Storage - (needs.StorageBytes ?? 0),
            Bytes = Bytes - (2 * worker.Length) - WorkerBytes,
        };
    }
}
