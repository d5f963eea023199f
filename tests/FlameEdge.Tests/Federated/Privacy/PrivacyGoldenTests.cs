using System.Text.Json;
using FlameEdge.Federated.Privacy;
using FlameEdge.Tests.Federated.Aggregation;
using static FlameEdge.Tests.Federated.Aggregation.GoldenAlgorithms;

namespace FlameEdge.Tests.Federated.Privacy;

[Trait("Category", "Golden")]
public class PrivacyGoldenTests
{
    public static TheoryData<string, int> AccountantCases => Cases("privacy/accountant");

    public static TheoryData<string, int> Budgets => Cases("privacy/accountant", "budgets_by_the_improved_conversion");

    public static TheoryData<string> AccountantFiles => FilesOf("privacy/accountant");

    public static TheoryData<string, int> DpCases => Cases("privacy/dp-fedavg");

    public static TheoryData<string, int> MaskedCases => Cases("privacy/secure-aggregation");

    [Theory]
    [MemberData(nameof(AccountantCases))]
    public void Spent_privacy_agrees_in_both_conversions(string name, int index)
    {
        var (file, item) = (File(name), Case(name, index));
        var (q, sigma, steps, delta) = (item.Number("q"), item.Number("sigma"), item.Whole("steps"), item.Number("delta"));
        Assert.Equal(file.Doubles("orders"), RdpAccountant.DefaultOrders);
        var accountant = new RdpAccountant(q, sigma);

        var classic = accountant.Epsilon(steps, delta, RdpConversion.Classic);
        var improved = accountant.Epsilon(steps, delta);

        Assert.Equal(item.Number("epsilon_classic"), classic.Epsilon, 1e-6 * item.Number("epsilon_classic"));
        Assert.Equal(item.Number("order_classic"), classic.Order);
        Assert.Equal(item.Number("epsilon_improved"), improved.Epsilon, 1e-6 * item.Number("epsilon_improved"));
        Assert.Equal(item.Number("order_improved"), improved.Order);
        foreach (var rdp in item.GetProperty("rdp_at").EnumerateObject().Where(rdp => rdp.Value.GetDouble() > 1e-10))
        {
            Assert.Equal(rdp.Value.GetDouble(), steps * RdpAccountant.Divergence(q, sigma, double.Parse(rdp.Name)), 1e-8 * rdp.Value.GetDouble());
        }
    }

    [Theory]
    [MemberData(nameof(AccountantCases))]
    public void Spent_privacy_agrees_with_figures_printed_elsewhere(string name, int index)
    {
        var item = Case(name, index);
        if (!item.TryGetProperty("published", out var published) || !published.TryGetProperty("epsilon", out _))
        {
            return;
        }

        var conversion = published.GetProperty("conversion").GetString() == "classic" ? RdpConversion.Classic : RdpConversion.Improved;
        var epsilon = new RdpAccountant(item.Number("q"), item.Number("sigma")).Epsilon(item.Whole("steps"), item.Number("delta"), conversion).Epsilon;

        // Printed to two digits behind the point; two of the sources cut off instead of rounding.
        Assert.Equal(published.Number("epsilon"), epsilon, 0.0151);
    }

    [Theory]
    [MemberData(nameof(AccountantFiles))]
    public void Divergences_and_a_gaussian_agree_with_published_ones(string name)
    {
        var rdp = File(name).GetProperty("published_rdp");
        Assert.All(rdp.Doubles("orders").Zip(rdp.Doubles("rdp_here")), pair =>
            Assert.Equal(pair.Second, rdp.Whole("steps") * RdpAccountant.Divergence(rdp.Number("q"), rdp.Number("sigma"), pair.First), 1e-8 * pair.Second));

        var gaussian = File(name).GetProperty("published_gaussian");
        double[] orders = [.. Enumerable.Range(1001, 99_000).Select(order => order / 1000.0)];
        Assert.Equal(gaussian.Number("published"), new RdpAccountant(gaussian.Number("q"), gaussian.Number("sigma"), orders).Epsilon(gaussian.Whole("steps"), gaussian.Number("delta")).Epsilon, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Budgets))]
    public void The_budget_ends_at_its_last_step(string name, int index)
    {
        var budget = Case(name, index, "budgets_by_the_improved_conversion");
        var accountant = new RdpAccountant(budget.Number("q"), budget.Number("sigma"));
        var (steps, delta) = (budget.Whole("largest_steps"), budget.Number("delta"));

        Assert.Equal(steps, accountant.LargestSteps(budget.Number("budget_epsilon"), delta));

        Assert.Equal(budget.Number("epsilon_there"), accountant.Epsilon(steps, delta).Epsilon, 1e-6 * budget.Number("epsilon_there"));
        Assert.Equal(budget.Number("epsilon_one_step_more"), accountant.Epsilon(steps + 1, delta).Epsilon, 1e-6 * budget.Number("epsilon_one_step_more"));
    }

    [Theory]
    [MemberData(nameof(DpCases))]
    public void Clipped_and_noised_averages_agree(string name, int index)
    {
        var (updates, item) = (File(name).Rows("updates"), Case(name, index));
        var mechanism = new DpFedAvg(item.Number("clip_S"), item.Number("noise_multiplier_z"));
        var server = item.GetProperty("server_side");
        Assert.Equal(server.Number("noise_std_on_the_sum"), mechanism.SumDeviation, 1e-12);
        var sum = new float[updates[0].Length];
        foreach (var (update, norm) in updates.Zip(item.Doubles("norms")))
        {
            Assert.Equal(norm, mechanism.Clip(update), 1e-12 * Math.Max(1, norm));
            for (var i = 0; i < sum.Length; i++)
            {
                sum[i] += update[i];
            }
        }

        AssertClose(item.Doubles("sum_of_clipped"), sum, 1e-5);
        AssertAverage(server.Doubles("average_by_actual_clients"), updates.Length);
        AssertAverage(server.Doubles("average_by_expected_clients"), server.Number("expected_clients_qN"));
        AssertShares(item.GetProperty("client_side_shares"), mechanism, updates);

        void AssertAverage(double[] expected, double divisor)
        {
            var average = sum.ToArray();
            mechanism.Finish(average, item.Doubles("standard_normal"), divisor);
            AssertClose(expected, average, 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(MaskedCases))]
    public void Masked_uploads_and_recovered_sums_agree_to_the_bit(string name, int index)
    {
        var item = Case(name, index);
        var (clients, length) = (item.Whole("clients"), item.Whole("length"));
        var ring = new MaskedRing(item.Whole("modulus_bits"), item.Whole("fixed_point_bits"));
        var pairs = item.GetProperty("pairwise_masks").EnumerateArray().ToDictionary(pair => (pair.Whole("low"), pair.Whole("high")), pair => Numbers(pair.GetProperty("mask")));
        var selves = item.GetProperty("self_masks").EnumerateArray().Select(Numbers).ToList();
        var counted = item.Wholes("survivors_whose_upload_counts");
        var sum = new ulong[length];
        for (var own = 0; own < clients; own++)
        {
            var upload = new ulong[length];
            ring.Encode(item.GetProperty("values")[own].Floats(), clients, upload);
            Assert.Equal(Numbers(item.GetProperty("encoded")[own]), upload);
            ring.Add(selves[own], upload);
            foreach (var other in Enumerable.Range(0, clients).Where(other => other != own))
            {
                ring.ApplyPair(own, other, pairs[(Math.Min(own, other), Math.Max(own, other))], upload);
            }

            Assert.Equal(Numbers(item.GetProperty("masked_uploads")[own]), upload);
            if (counted.Contains(own))
            {
                ring.Add(upload, sum);
            }
        }

        Assert.Equal(Numbers(item.GetProperty("sum_of_masked_uploads")), sum);
        foreach (var own in counted)
        {
            ring.Subtract(selves[own], sum);
            foreach (var gone in item.Wholes("dropped_before_upload"))
            {
                ring.ApplyPair(gone, own, pairs[(Math.Min(own, gone), Math.Max(own, gone))], sum);
            }
        }

        var decoded = new double[length];
        ring.Decode(sum, decoded);
        Assert.Equal(Numbers(item.GetProperty("sum_after_recovery")), sum);
        Assert.Equal(item.Doubles("decoded_sum"), decoded);
    }

    private static void AssertShares(JsonElement shares, DpFedAvg mechanism, float[][] clipped)
    {
        var deviation = mechanism.ClientDeviation(clipped.Length);
        Assert.Equal(shares.Number("noise_std_per_client"), deviation, 1e-12);
        for (var i = 0; i < clipped.Length; i++)
        {
            var noised = clipped[i].ToArray();
            DpFedAvg.AddNoise(noised, shares.GetProperty("standard_normals_per_client")[i].Doubles(), deviation);
            AssertClose(shares.GetProperty("noised_updates")[i].Doubles(), noised, 1e-5);
        }
    }

    private static ulong[] Numbers(JsonElement values) => [.. values.EnumerateArray().Select(value => value.ValueKind == JsonValueKind.String ? ulong.Parse(value.GetString()!) : value.GetUInt64())];
}
