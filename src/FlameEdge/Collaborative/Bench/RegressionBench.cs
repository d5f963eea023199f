using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Regression;

namespace FlameEdge.Collaborative.Bench;

/// <summary>The regression form of beijing-air: PM2.5 itself is predicted, and the band that is new to the target is a region of it.</summary>
/// <remarks>Values are ln(1 + µg/m³) − 4, near mean 0 and deviation 1. One batch of delay, packets as bytes. Error: mean over the regions present of the mean absolute error.</remarks>
public sealed class RegressionBench(string streams, string data)
{
    private const int RequestBytes = 48;
    private const int Delay = 1;
    private static readonly ValueRegions s_regions = new("ln(1 + PM2.5 µg/m³) − 4", [.. new[] { 35.0, 75, 150 }.Select(Scaled).Select(MathF.BitIncrement)]);

    /// <summary>Errors after each batch of every seed of a workload: the isolated learner at <paramref name="isolatedRate"/>, and Canoe with these settings.</summary>
    public IReadOnlyList<RegressionResult> Run(string dataset, string workload, float isolatedRate, CanoeSettings settings) =>
        [.. new StreamFolder(streams, data).Seeds(dataset, workload).Select(seed =>
        {
            var (isolated, _, _) = Run(seed, new CanoeSettings { LearningRate = isolatedRate, Collaborates = false });
            var (canoe, bytes, accepted) = Run(seed, settings with { AloneRate = isolatedRate });
            return new RegressionResult(seed.Seed, isolated, canoe, bytes, accepted);
        })];

    private static (List<double> Errors, long Bytes, int Accepted) Run(SeedStream seed, CanoeSettings settings)
    {
        var (files, target, bytes, accepted) = (seed.Data.Base, seed.Workload.Streams[0], 0L, 0);
        RegionSite[] sites = [.. files.Sites.Select(site => NewSite(files, site.Site, settings))];
        var directory = new HelperDirectory("directory", new DirectorySettings(), TimeProvider.System);
        List<(int Batch, byte[] Packet, string Helper)> underway = [];
        List<double> errors = [];
        for (var site = 0; site < sites.Length; site++)
        {
            BringUp(seed.Data, sites[site], site, 0);
        }

        sites[0].IsAsking = true;
        for (var batch = 0; batch < seed.Workload.Batches; batch++)
        {
            foreach (var delivery in underway.Where(delivery => delivery.Batch == batch))
            {
                sites[0].Deliver(delivery.Packet, delivery.Helper);
            }

            var step = Learn(seed.Data, sites[0], seed.Data.RowsOf(target, batch));
            accepted += step.Verdicts.Count(verdict => verdict.IsAccepted);
            foreach (var verdict in step.Verdicts)
            {
                directory.Take(verdict);
            }

            foreach (var request in step.Requests)
            {
                for (var helper = 1; helper < sites.Length; helper++)
                {
                    BringUp(seed.Data, sites[helper], helper, batch);
                    directory.Publish(sites[helper].Record());
                }

                bytes += RequestBytes;
                if (directory.Ask(request) is [var best, ..] && sites[int.Parse(best.Site, System.Globalization.CultureInfo.InvariantCulture)].Help(request) is { } packet)
                {
                    bytes += packet.Length;
                    underway.Add((batch + Delay, packet, best.Site));
                }
            }

            errors.Add(Error(seed.Data, sites[0], StreamData.Present(files.Sites[0], target, batch)));
        }

        return (errors, bytes, accepted);
    }

    private static RegionSite NewSite(StreamBase files, int site, CanoeSettings settings)
    {
        var setup = new SiteSetup
        {
            Name = site.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Classes = s_regions.Names,
            SampleShape = [files.Model.Layers[0]],
            Inputs = files.Dataset,
            Seed = (ulong)((files.Seed * 100) + site),
        };
        int[] widths = [.. files.Model.Layers.SkipLast(1), 1];
        var model = DenseNetwork.Drawn((ulong)files.Seed, widths, weightDecay: files.WeightDecay);
        return new RegionSite(setup, s_regions, model, settings with { ReplayPerClass = files.ReplayPerClass, ReplayedRows = files.ReplayedPerStep }, TimeProvider.System) { IsAsking = false };
    }

    private static void BringUp(StreamData data, RegionSite site, int index, int batch)
    {
        while (site.Batches < data.Base.Sites[index].PretrainBatches + batch)
        {
            Learn(data, site, data.Cycle(index, (int)site.Batches));
        }
    }

    private static SiteStep Learn(StreamData data, RegionSite site, IReadOnlyList<int> rows) => site.Learn(data.Rows.Features(rows), Values(data, rows));

    private static float[] Values(StreamData data, IReadOnlyList<int> rows) => [.. rows.Select(row => Scaled(data.Rows.Value!(row)))]; // beijing-air has values.

    private static double Error(StreamData data, RegionSite site, int[] present)
    {
        var test = data.Base.Sites[0].Test ?? [];
        var predicted = site.Predict(data.Rows.Features(test));
        var values = Values(data, test);
        var errors = Enumerable.Range(0, values.Length).GroupBy(row => data.Rows.Label(test[row])).Where(rows => present.Contains(rows.Key));
        return errors.Average(rows => rows.Average(row => Math.Abs((double)predicted[row] - values[row])));
    }

    private static float Scaled(double concentration) => (float)(Math.Log(1 + concentration) - 4);

    private static float Scaled(float concentration) => Scaled((double)concentration);
}

/// <summary>A seed's errors after each batch.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Isolated">Of the learner alone.</param>
/// <param name="Canoe">Of the learner with help.</param>
/// <param name="PayloadBytes">Packets, and 48 bytes per request.</param>
/// <param name="Accepted">Packets taken.</param>
public sealed record RegressionResult(int Seed, IReadOnlyList<double> Isolated, IReadOnlyList<double> Canoe, long PayloadBytes, int Accepted);
