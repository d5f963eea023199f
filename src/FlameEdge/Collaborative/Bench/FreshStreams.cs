using FlameEdge.Collaborative.Bench.Making;

namespace FlameEdge.Collaborative.Bench;

/// <summary>Streams made from seeds, over a folder of data files.</summary>
internal sealed class FreshStreams(string data, IReadOnlyList<int> seeds) : IStreamSource
{
    private StreamRows? files;
    private string? loaded;

    /// <inheritdoc/>
    public IReadOnlyList<string> Datasets => [.. DatasetCard.All.Select(card => card.Name)];

    /// <inheritdoc/>
    public IReadOnlyList<string> Workloads(string dataset) => Schedule.Workloads;

    /// <inheritdoc/>
    public IReadOnlyList<SeedStream> Seeds(string dataset, string workload)
    {
        var card = DatasetCard.All.FirstOrDefault(card => card.Name == dataset)
            ?? throw new ArgumentException($"there is no dataset '{dataset}': say one of {string.Join(", ", Datasets)}", nameof(dataset));
        return [.. seeds.Select(seed => Seed(card, workload, seed))];
    }

    private SeedStream Seed(DatasetCard card, string workload, int seed)
    {
        var rows = Rows(card, seed);
        var maker = new StreamMaker(card, rows, seed);
        return new SeedStream(seed, new StreamData(maker.Base(workload), rows), maker.Workload(workload));
    }

    private StreamRows Rows(DatasetCard card, int seed)
    {
        if (card.Files.Count == 0)
        {
            return StreamRows.Load(data, card.Name, card.Files, card.Classes, StreamMaker.DrawnFrom(seed));
        }

        if (loaded != card.Name)
        {
            (this.files, loaded) = (StreamRows.Load(data, card.Name, card.Files, card.Classes, seed), card.Name);
        }

        return this.files!; // Loaded above.
    }
}
