using System.Text;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Bench.Making;

/// <summary>Makes the streams of a seed by the rules of the stored ones (docs/canoe.md): the same sites, shares, phases and lengths, other rows.</summary>
internal sealed class StreamMaker(DatasetCard card, StreamRows rows, int seed)
{
    private const int Batch = 16;
    private const int TargetBatches = 150;
    private const int CycleBatches = 120;
    private const int HelperBatches = 450;

    // Networks and sites draw from the seed too: none of theirs shall be a stored stream's.
    private const int SeedOffset = 1_000_000;

    private static readonly float[] s_rates = [0.01f, 0.02f, 0.05f, 0.1f];
    private readonly ulong key = BitConverter.ToUInt64(System.IO.Hashing.XxHash3.Hash(Encoding.UTF8.GetBytes(card.Name)));
    private SeedPools? pools;

    /// <summary>What networks, sites and generated rows of a seed are drawn from.</summary>
    public static int DrawnFrom(int seed) => SeedOffset + seed;

    /// <summary>The rows that the streams point to.</summary>
    public StreamRows Rows => rows;

    /// <summary>What all workloads of the seed share. For W5 the site, site 1 and site 3 live with another appearance of their rows: the target after the change, they from the start.</summary>
    public StreamBase Base(string workload)
    {
        var isShifted = workload == "W5";
        var drawn = Pools();
        var random = Random("base");
        var sites = drawn.Sites.Select((site, i) => new StreamSite(
            i,
            site.Classes,
            i == 0 ? TargetBatches : HelperBatches,
            [.. Enumerable.Range(0, Batch * (i == 0 ? TargetBatches : CycleBatches)).Select(_ => Look(Draw(site.Before, site.Classes, random), isShifted && i is 1 or 3))],
            site.Test is null ? null : [.. site.Test.Select(row => Look(row, isShifted))]));
        return new StreamBase(
            card.Name, DrawnFrom(seed), card.Files, card.Classes, drawn.Roles, new StreamModel(card.Layers),
            Batch, ReplayPerClass: 20, ReplayedPerStep: 16, Momentum: 0.9f, WeightDecay: 1e-4f, s_rates, [.. sites]);
    }

    /// <summary>What happens after the change.</summary>
    public StreamWorkload Workload(string workload)
    {
        var drawn = Pools();
        var schedule = Schedule.Of(workload, drawn.Roles);
        var random = Random(workload);
        // Without a change the world stays: a season does not move either.
        return new StreamWorkload(card.Name, workload, seed, $"base{(workload == "W5" ? "-W5" : "")}-s{seed}.json.gz", schedule.Batches, [.. schedule.Phases.Select(site =>
        {
            var pool = drawn.Sites[site.Site];
            return new SiteStream(site.Site, site.Phases, Drawn(schedule, site.Phases, pool.Classes, workload == "W6" ? pool.Before : pool.After, random, workload == "W5"));
        })], workload == "W7" ? Schedule.Offers(seed) : null);
    }

    private int[] Drawn(Schedule schedule, IReadOnlyList<StreamPhase> phases, IReadOnlyList<int> known, IReadOnlyList<int[]> pool, PortableRandom random, bool isShifted)
    {
        var drawn = new int[Batch * schedule.Batches];
        List<int> fresh = [];
        for (var i = 0; i < drawn.Length; i++)
        {
            foreach (var phase in phases.Where(phase => phase.Batch * Batch == i))
            {
                fresh.RemoveAll(phase.Disappear.Contains);
                fresh.AddRange(phase.Appear.Except(known));
            }

            var isNew = schedule.NewShare > 0 && random.NextDouble() < schedule.NewShare * fresh.Count;
            drawn[i] = Look(Draw(pool, schedule.NewShare == 0 ? [.. known, .. fresh] : isNew ? fresh : known, random), isShifted);
        }

        return drawn;
    }

    private static int Draw(IReadOnlyList<int[]> pool, IReadOnlyList<int> classes, PortableRandom random)
    {
        var of = pool[classes[random.Below(classes.Count)]];
        return of[random.Below(of.Length)];
    }

    private int Look(int row, bool isShifted) => isShifted ? row + rows.Count : row;

    private SeedPools Pools() => this.pools ??= PoolDraws.Draw(card, rows, Random("pools"));

    private PortableRandom Random(string purpose) => new(key, (ulong)DrawnFrom(seed), BitConverter.ToUInt64(System.IO.Hashing.XxHash3.Hash(Encoding.UTF8.GetBytes(purpose))));
}
