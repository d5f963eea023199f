using FlameEdge.Diagnostics;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Bench.Making;

/// <summary>Deals the rows of a dataset out to five sites and to the tests.</summary>
internal static class PoolDraws
{
    private const int LeastRows = 10;
    private const int LeastOfTarget = 15;
    private const int Attempts = 100_000;
    private static readonly int[] s_userGroups = [4, 10, 5, 6, 5];

    /// <summary>The pools of a seed.</summary>
    public static SeedPools Draw(DatasetCard card, StreamRows rows, PortableRandom random) => card.Name switch
    {
        "digits" => Blocks(card, rows, random, [0.25, 0.39, 0.12, 0.12, 0.12], ByShare(Enumerable.Range(0, rows.Count), 0.265)),
        "mnist" => Blocks(card, rows, random, [0.20, 0.35, 0.15, 0.15, 0.15], Mnist(rows)),
        "sensors" => Owners(card, rows, random, [.. Enumerable.Range(0, Loading.SensorRows.Machines).Select(machine => new[] { machine })], testShare: 1.0 / 3),
        "wisdm-har" => Users(card, rows, random),
        _ => Stations(card, rows, random),
    };

    // All sites draw from one population: shares of each class, and a test for all.
    private static SeedPools Blocks(DatasetCard card, StreamRows rows, PortableRandom random, double[] shares, Func<PortableRandom, (int[] Train, int[] Test)> split)
    {
        var roles = Roles(card, random);
        var (train, test) = split(random);
        var known = DatasetCard.SiteClasses(roles);
        var dealt = shares.Select(_ => new List<int>()).ToArray();
        random.Shuffle(train);
        var (site, upTo) = (0, shares[0] * train.Length);
        foreach (var (place, row) in train.Index())
        {
            while (place >= upTo && site < shares.Length - 1)
            {
                upTo += shares[++site] * train.Length;
            }

            dealt[site].Add(row);
        }

        int[] shown = [.. test.Where(row => !roles.Extra.Contains(rows.Label(row))).Order()];
        return new SeedPools(roles, [.. dealt.Select((own, i) => Pool(card, rows, known[i], own, own, i == 0 ? shown : null))]);
    }

    private static Func<PortableRandom, (int[] Train, int[] Test)> ByShare(IEnumerable<int> all, double testShare) => random =>
    {
        int[] order = [.. all];
        random.Shuffle(order);
        var count = (int)(testShare * order.Length);
        return (order[count..], order[..count]);
    };

    // 12 000 of the training pictures and 1 000 of the others, another thousand with every seed.
    private static Func<PortableRandom, (int[] Train, int[] Test)> Mnist(StreamRows rows) => random =>
    {
        int[] train = [.. Enumerable.Range(0, rows.Count).Where(row => rows.Owner(row) == 0)];
        int[] test = [.. Enumerable.Range(0, rows.Count).Where(row => rows.Owner(row) == 1)];
        random.Shuffle(train);
        random.Shuffle(test);
        return (train[..Math.Min(12_000, train.Length)], test[..Math.Min(1_000, test.Length)]);
    };

    // Groups of users until every site has some rows of each of its classes: not everybody walks upstairs.
    private static SeedPools Users(DatasetCard card, StreamRows rows, PortableRandom random)
    {
        var owners = Enumerable.Range(0, rows.Count).GroupBy(rows.Owner).ToDictionary(group => group.Key, group => group.ToArray());
        int[] order = [.. owners.Keys.Order()];
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            random.Shuffle(order);
            var at = 0;
            int[][] groups = [.. s_userGroups.Select(count => order[at..(at += count)])];
            var pools = Owners(card, rows, random, groups, testShare: 0.5, owners);
            if (pools.Sites.Index().All(site => site.Item.Classes.Concat(Later(pools.Roles, site.Index)).All(label => site.Item.Before[label].Length >= (site.Index == 0 ? LeastOfTarget : LeastRows))))
            {
                return pools;
            }
        }

        throw new DatasetException($"{card.Name}: no grouping of {order.Length} users gives every site {LeastRows} rows of each of its classes; check the data");
    }

    // What a site will meet: the target all new classes, those to which one travels that.
    private static IEnumerable<int> Later(StreamRoles roles, int site) => site switch
    {
        0 => roles.New,
        2 or 4 => roles.New.Take(1),
        _ => [],
    };

    private static SeedPools Owners(DatasetCard card, StreamRows rows, PortableRandom random, int[][] groups, double testShare, Dictionary<int, int[]>? owners = null)
    {
        var roles = Roles(card, random);
        var known = DatasetCard.SiteClasses(roles);
        owners ??= Enumerable.Range(0, rows.Count).GroupBy(rows.Owner).ToDictionary(group => group.Key, group => group.ToArray());
        return new SeedPools(roles, [.. groups.Select((group, i) =>
        {
            List<int> own = [];
            List<int> test = [];
            foreach (var rowsOfClass in group.SelectMany(owner => owners[owner]).GroupBy(rows.Label).OrderBy(of => of.Key))
            {
                int[] order = [.. rowsOfClass];
                random.Shuffle(order);
                var count = (int)(testShare * order.Length);
                test.AddRange(i == 0 && roles.Extra.Contains(rowsOfClass.Key) ? [] : order[..count]);
                own.AddRange(order[count..]);
            }

            return Pool(card, rows, known[i], own, own, [.. test.Order()]);
        })]);
    }

    // The lightest or the heaviest band is new. Helpers know the year before; in beijing-air the season changes with the band.
    private static SeedPools Stations(DatasetCard card, StreamRows rows, PortableRandom random)
    {
        int[] stations = [.. Enumerable.Range(0, card.Files.Count)];
        random.Shuffle(stations);
        var fresh = random.Below(2) == 0 ? 0 : 3;
        int[] known = [.. Enumerable.Range(0, 4).Where(band => band != fresh)];
        random.Shuffle(known);
        var roles = new StreamRoles([fresh], known, []);
        var hasSeason = card.Name == "beijing-air";
        var spring = Month(2014, 4);
        (int From, int Months) before = !hasSeason ? (spring, 12) : fresh == 3 ? (spring, 6) : (spring + 6, 6);
        (int From, int Months) after = !hasSeason ? before : (before.From + 6, 6);
        var classes = DatasetCard.SiteClasses(roles);
        return new SeedPools(roles, [.. classes.Select((own, i) =>
        {
            var rest = Split(Of(stations[i], after.From, after.Months), out var test);
            var past = i > 0 ? Of(stations[i], Month(2013, 3), 13) : hasSeason ? Of(stations[0], before.From, before.Months) : rest;
            return Pool(card, rows, own, past, rest, test);
        })]);

        List<int> Of(int station, int from, int months) => [.. Enumerable.Range(0, rows.Count).Where(row => rows.Owner(row) == station && rows.Month(row) is { } month && month >= from && month < from + months)];

        // 150 test rows of each band, from a half of the rows; the other half may be learned.
        List<int> Split(List<int> all, out int[] test)
        {
            int[] order = [.. all];
            random.Shuffle(order);
            test = [.. order[..(order.Length / 2)].GroupBy(rows.Label).SelectMany(band => band.Take(150)).Order()];
            return [.. order[(order.Length / 2)..]];
        }
    }

    private static int Month(int year, int month) => (year * 12) + month - 1;

    private static StreamRoles Roles(DatasetCard card, PortableRandom random)
    {
        int[] order = [.. Enumerable.Range(0, card.Classes.Count)];
        random.Shuffle(order);
        return new StreamRoles(order[..card.New], order[card.New..(card.New + card.Base)], order[(card.New + card.Base)..]);
    }

    private static SitePool Pool(DatasetCard card, StreamRows rows, IReadOnlyList<int> classes, List<int> before, List<int> after, IReadOnlyList<int>? test)
    {
        return new SitePool(classes, ByClass(before), before == after ? ByClass(before) : ByClass(after), test);

        int[][] ByClass(List<int> all) => [.. Enumerable.Range(0, card.Classes.Count).Select(label => all.Where(row => rows.Label(row) == label).ToArray())];
    }
}
