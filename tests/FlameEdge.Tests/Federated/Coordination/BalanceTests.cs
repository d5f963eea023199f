using CsCheck;
using FlameEdge.Federated.Coordination;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Coordination;

public class BalanceTests
{
    private static readonly Gen<(double[] Work, double[] Ready, double[] Pace)> s_fleets = Gen.Int[1, 3].SelectMany(hosts => Gen.Int[1, 7].SelectMany(guests =>
        Gen.Select(Gen.Double[0.1, 5].Array[guests], Gen.Double[0, 10].Array[guests], Gen.Double[0.1, 4].Array[hosts])));

    [Fact]
    public void Every_trainer_has_one_aggregator() => s_fleets.Sample(fleet =>
    {
        var assignment = Balance.Assign(Guests(fleet.Work, fleet.Ready), Hosts(fleet.Pace));

        Assert.Equal(fleet.Pace.Length, assignment.Count);
        Assert.Equal(fleet.Work.Select((_, at) => $"t_{at}").Order(StringComparer.Ordinal), assignment.Values.SelectMany(members => members).Select(member => member.Value).Order(StringComparer.Ordinal));
    });

    [Fact]
    public void Aggregators_of_one_pace_are_done_within_Grahams_bound_of_the_best() => s_fleets.Sample(fleet =>
    {
        var (guests, hosts) = (Guests(fleet.Work, new double[fleet.Work.Length]), Hosts([.. fleet.Pace.Select(_ => 1.0)]));

        Assert.True(EndOf(guests, hosts) <= Best(guests, hosts) * ((4.0 / 3) - (1.0 / (3 * hosts.Count))) * (1 + 1e-12));
    });

    [Fact]
    public void Aggregators_of_several_paces_are_done_within_the_bound_for_uniform_machines() => s_fleets.Sample(fleet =>
    {
        var (guests, hosts) = (Guests(fleet.Work, new double[fleet.Work.Length]), Hosts(fleet.Pace));

        Assert.True(EndOf(guests, hosts) <= Best(guests, hosts) * 2 * hosts.Count / (hosts.Count + 1) * (1 + 1e-12));
    });

    [Fact]
    public void The_order_of_the_lists_changes_nothing() => s_fleets.Sample(fleet =>
    {
        var (guests, hosts) = (Guests(fleet.Work, fleet.Ready), Hosts(fleet.Pace));

        var (forward, backward) = (Balance.Assign(guests, hosts), Balance.Assign([.. guests.AsEnumerable().Reverse()], [.. hosts.AsEnumerable().Reverse()]));

        Assert.All(hosts, host => Assert.Equal(forward[host.Worker].ToHashSet(), backward[host.Worker].ToHashSet()));
    });

    [Fact]
    public void Updates_wait_for_each_other_and_not_for_those_that_train_longer()
    {
        // Ready after 1, 2 and 9 s, 2 s each: done at 3, 5 and 11.
        var guests = Guests([1, 1, 1], [9, 1, 2]);

        Assert.Equal(11, Balance.EndOf(new Host(new("m_0"), 2), guests), 1e-12);
    }

    private static List<Guest> Guests(double[] work, double[] ready) => [.. work.Select((seconds, at) => new Guest(new($"t_{at}"), seconds, _ => ready[at]))];

    private static List<Host> Hosts(double[] pace) => [.. pace.Select((seconds, at) => new Host(new($"m_{at}"), seconds))];

    private static double EndOf(List<Guest> guests, List<Host> hosts)
    {
        var assignment = Balance.Assign(guests, hosts);
        return hosts.Max(host => assignment[host.Worker].Sum(name => guests.First(guest => guest.Worker == name).Work * host.Pace));
    }

    // Every assignment there is.
    private static double Best(List<Guest> guests, List<Host> hosts)
    {
        var best = double.PositiveInfinity;
        for (var code = 0; code < (int)Math.Pow(hosts.Count, guests.Count); code++)
        {
            var ends = new double[hosts.Count];
            for (var (at, rest) = (0, code); at < guests.Count; at++, rest /= hosts.Count)
            {
                ends[rest % hosts.Count] += guests[at].Work * hosts[rest % hosts.Count].Pace;
            }

            best = Math.Min(best, ends.Max());
        }

        return best;
    }
}
