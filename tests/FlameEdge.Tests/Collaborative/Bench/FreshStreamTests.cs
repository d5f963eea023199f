using FlameEdge.Collaborative.Bench;
using FlameEdge.Collaborative.Bench.Loading;
using FlameEdge.Collaborative.Bench.Making;
using FlameEdge.Testing;

namespace FlameEdge.Tests.Collaborative.Bench;

/// <summary>Fresh streams are made as the stored ones: the same sites, sizes, shares and phases, other rows.</summary>
[Trait("Category", "Golden")]
public class FreshStreamTests
{
    private const int FirstSeed = 1000;
    private static readonly string[] s_workloads = ["W1", "W1b", "W2", "W3", "W4", "W6", "W7"];
    private static readonly Dictionary<string, FreshStreams> s_sources = new(StringComparer.Ordinal);
    private static readonly Dictionary<(string Dataset, string Workload), IReadOnlyList<SeedStream>> s_seeds = [];

    // The sensors have no stored streams of their own; they have the classes and sites of the digits.
    public static TheoryData<string, string> Datasets => SharedData.IsAbsent ? [] :
        [.. from dataset in (string[])["digits", "sensors", "wisdm-har", "beijing-air", "beijing-air-bands", "mnist"]
            let stored = dataset == "sensors" ? "digits" : dataset
            where System.IO.Directory.Exists(Stored(stored))
            select (dataset, stored)];

    // Sensors are generated: as many windows as wanted.
    public static TheoryData<string, string> Finite => [.. Datasets.Where(row => row.Data.Item1 != "sensors")];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Datasets))]
    public void Sites_and_workloads_have_the_stored_sizes(string dataset, string stored)
    {
        var golden = Golden(stored);
        foreach (var workload in s_workloads)
        {
            var like = StreamFiles.Workload(SharedData.Stream(stored, workload));
            var made = Made(dataset, workload)[0];

            Assert.Equal((golden.Batch, golden.ReplayPerClass, golden.ReplayedPerStep, golden.Momentum, golden.WeightDecay), (made.Data.Base.Batch, made.Data.Base.ReplayPerClass, made.Data.Base.ReplayedPerStep, made.Data.Base.Momentum, made.Data.Base.WeightDecay));
            Assert.Equal(golden.Model.Layers.Skip(1), made.Data.Base.Model.Layers.Skip(1));
            Assert.Equal(golden.Sites.Select(site => (site.Classes.Count, site.PretrainBatches, site.Sequence.Count)), made.Data.Base.Sites.Select(site => (site.Classes.Count, site.PretrainBatches, site.Sequence.Count)));
            Assert.Equal(like.Batches, made.Workload.Batches);
            Assert.Equal(like.Streams.Select(Outline), made.Workload.Streams.Select(Outline));
            Assert.Equal(workload == "W7", made.Workload.Offers is not null);
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Datasets))]
    public void Bad_packets_come_in_the_stored_order_of_each_seed(string dataset, string stored)
    {
        var streams = System.IO.Directory.EnumerateFiles(Stored(stored), "W7-s*.json.gz").Select(StreamFiles.Workload).ToList();

        Assert.NotEmpty(streams);
        Assert.All(streams.Concat(Made(dataset, "W7").Select(made => made.Workload)), stream => Assert.Equal(Offers(Schedule.Offers(stream.Seed)), Offers(stream.Offers)));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Datasets))]
    public void Rows_of_a_site_are_nobody_elses_and_never_tested(string dataset, string stored)
    {
        Assert.NotNull(stored);
        var owned = Owned(dataset);
        var tests = Made(dataset, "W1")[0].Data.Base.Sites.SelectMany(site => site.Test ?? []).ToHashSet();

        Assert.All(owned.Index(), site => Assert.All(owned.Take(site.Index), other => Assert.Empty(site.Item.Intersect(other))));
        Assert.All(owned, rows => Assert.Empty(rows.Intersect(tests)));
        Assert.NotEmpty(tests);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Finite))]
    public void Sites_see_about_as_many_different_rows_as_the_stored_ones(string dataset, string stored)
    {
        var golden = Golden(stored);
        var made = Made(dataset, "W1")[0].Data.Base;

        // Classes and users differ in size from seed to seed.
        Assert.All(golden.Sites.Zip(made.Sites), pair => Assert.InRange((double)pair.Second.Sequence.Distinct().Count() / pair.First.Sequence.Distinct().Count(), 0.6, 1.6));
        Assert.InRange((double)made.Sites[0].Test!.Count / golden.Sites[0].Test!.Count, 0.6, 1.6); // The target has test rows.
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Datasets))]
    public void Classes_come_in_their_shares_and_only_when_they_are_there(string dataset, string stored)
    {
        Assert.NotNull(stored);
        var (even, rare, calm) = (Made(dataset, "W1")[0], Made(dataset, "W1b")[0], Made(dataset, "W6")[0]);
        var fresh = even.Data.Base.Roles.New;
        var present = fresh.Count + even.Data.Base.Roles.Base.Count;

        // 2400 and 3840 rows: five standard deviations of a share.
        Assert.All(fresh, label => Assert.Equal(1.0 / present, Share(even, label), 0.05));
        Assert.All(fresh, label => Assert.Equal(0.05, Share(rare, label), 0.018));
        Assert.All(fresh, label => Assert.Equal(0, Share(calm, label)));
        Assert.All(even.Data.Base.Sites, site => Assert.Equal(site.Classes.Order(), even.Data.Rows.Labels(site.Sequence).Distinct().Order()));
        Assert.Equal(fresh.Order(), even.Data.Rows.Labels(even.Workload.Streams[0].Rows).Distinct().Except(even.Data.Base.Roles.Base).Order());
    }

    [Fact]
    public void Users_and_stations_belong_to_one_site()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        foreach (var dataset in new[] { "wisdm-har", "beijing-air", "sensors" })
        {
            var rows = Made(dataset, "W1")[0].Data.Rows;
            var owners = Owned(dataset).Select(site => site.Select(rows.Owner).ToHashSet()).ToArray();

            Assert.All(owners.Index(), site => Assert.All(owners.Take(site.Index), other => Assert.Empty(site.Item.Intersect(other))));
        }
    }

    [Fact]
    public void In_beijing_air_the_season_changes_with_the_band_and_helpers_know_the_year_before()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var seed = Made("beijing-air", "W1")[0];
        var (rows, target) = (seed.Data.Rows, seed.Data.Base.Sites[0]);

        var before = target.Sequence.Max(row => rows.Month(row));
        Assert.True(before < seed.Workload.Streams[0].Rows.Min(row => rows.Month(row)), "the change brings no later month");
        Assert.True(before < target.Test!.Min(row => rows.Month(row)), "tests are of the season before"); // The target has test rows.
        Assert.All(seed.Data.Base.Sites.Skip(1), helper => Assert.True(helper.Sequence.Max(row => rows.Month(row)) < target.Sequence.Min(row => rows.Month(row))));
    }

    [Fact]
    public void After_a_concept_shift_the_target_and_two_helpers_see_other_values_of_the_same_rows()
    {
        var seed = Made("sensors", "W5")[0];
        var rows = seed.Data.Rows;

        Assert.All(seed.Workload.Streams[0].Rows, row => Assert.True(row >= rows.Count));
        Assert.Equal([false, true, false, true, false], seed.Data.Base.Sites.Select(site => site.Sequence.All(row => row >= rows.Count)));
        var (plain, shifted) = (rows.Features([0]), rows.Features([rows.Count]));
        Assert.Equal(rows.Label(0), rows.Label(rows.Count));
        Assert.Contains(plain.Zip(shifted), pair => Math.Abs(pair.First - pair.Second) > 0.1);
        Assert.Equal(plain[5], shifted[5], 4); // Kurtosis knows no gain.
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Datasets))]
    public void Seeds_are_fresh(string dataset, string stored)
    {
        var made = Made(dataset, "W1");
        var golden = System.IO.Directory.EnumerateFiles(Stored(stored), "base-s*.json.gz").Select(StreamFiles.Base).ToArray();

        Assert.NotEqual(made[0].Data.Base.Sites[0].Sequence, made[1].Data.Base.Sites[0].Sequence);
        Assert.All(golden, other => Assert.All(made, mine => Assert.NotEqual(other.Sites[0].Sequence.Take(16), mine.Data.Base.Sites[0].Sequence.Take(16))));
        Assert.All(golden, other => Assert.All(made, mine => Assert.NotEqual(other.Seed, mine.Data.Base.Seed)));
    }

    [Fact]
    public void Alone_the_generated_sensors_are_as_hard_as_they_were_chosen_to_be() =>
        Assert.Equal(0.95, SensorDifficulty.Of(SensorRows.Noise, [2000, 2001, 2002, 2003, 2004]).Accuracy, 0.02);

    // Files are read once for all tests, and the streams drawn once.
    private static IReadOnlyList<SeedStream> Made(string dataset, string workload)
    {
        if (!s_sources.TryGetValue(dataset, out var source))
        {
            s_sources[dataset] = source = new FreshStreams(SharedData.IsAbsent ? "" : SharedData.Path("data"), [FirstSeed, FirstSeed + 1]);
        }

        if (!s_seeds.TryGetValue((dataset, workload), out var seeds))
        {
            s_seeds[(dataset, workload)] = seeds = source.Seeds(dataset, workload);
        }

        return seeds;
    }

    private static string? Offers(IReadOnlyDictionary<string, IReadOnlyList<string?>>? offers) =>
        offers is null ? null : string.Join("; ", offers.Select(offer => $"{offer.Key}: {string.Join(',', offer.Value)}"));

    private static (int Site, int Rows, string Phases) Outline(SiteStream stream) =>
        (stream.Site, stream.Rows.Count, string.Join(' ', stream.Phases.Select(phase => $"{phase.Batch}:+{phase.Appear.Count}-{phase.Disappear.Count}")));

    private static double Share(SeedStream seed, int label) => (double)seed.Workload.Streams[0].Rows.Count(row => seed.Data.Rows.Label(row) == label) / seed.Workload.Streams[0].Rows.Count;

    // All rows that a site ever learns, in any workload.
    private static HashSet<int>[] Owned(string dataset)
    {
        var owned = Made(dataset, "W1")[0].Data.Base.Sites.Select(site => site.Sequence.ToHashSet()).ToArray();
        foreach (var stream in s_workloads.SelectMany(workload => Made(dataset, workload)[0].Workload.Streams))
        {
            owned[stream.Site].UnionWith(stream.Rows);
        }

        return owned;
    }

    private static StreamBase Golden(string dataset) => StreamFiles.Base(SharedData.Stream(dataset, "base"));

    private static string Stored(string dataset) => SharedData.Path("golden", "canoe", dataset);
}
