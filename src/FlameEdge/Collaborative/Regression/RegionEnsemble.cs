using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Regression;

/// <summary>The additive model of a site that predicts a number: its own network f, and for each region a specialist (score s, value v) that speaks where its score says so (our design).</summary>
/// <remarks>ŷ = f + Σ g (v − f) / max(1, Σ g), g = σ(s): inside its region a specialist has the word, between regions they share it, outside the network is alone. Not thread-safe.</remarks>
public sealed class RegionEnsemble(ISiteModel model)
{
    private readonly List<RegionStage> stages = [];

    /// <summary>The own network [features, …, 1].</summary>
    public ISiteModel Model => model;

    /// <summary>The stages at work.</summary>
    public IReadOnlyList<RegionStage> Stages => stages;

    /// <summary>Step length of the specialists.</summary>
    public float SpecialistRate { get; init; } = 0.02f;

    /// <summary>Adds a stage.</summary>
    public void Add(RegionStage stage) => stages.Add(stage);

    /// <summary>Removes a stage.</summary>
    public void Remove(RegionStage stage) => stages.Remove(stage);

    /// <summary>True where a region has a stage at work.</summary>
    public bool Serves(int region) => stages.Exists(stage => stage.Region == region);

    /// <summary>Values predicted for samples [rows, features], by all stages or without one of them.</summary>
    public float[] Predict(ReadOnlyMemory<float> samples, RegionStage? without = null)
    {
        var values = new float[samples.Length / model.FeatureCount];
        model.Forward(samples, values);
        var outputs = stages.Where(stage => stage != without).Select(stage => stage.Outputs(samples)).ToArray();
        for (var row = 0; row < values.Length; row++)
        {
            values[row] += Correction(values[row], outputs, row);
        }

        return values;
    }

    /// <summary>One step of the network and all stages on half the mean squared error of ŷ; scores learn besides whether a row lies in their region.</summary>
    public void Learn(ReadOnlyMemory<float> samples, ReadOnlySpan<float> values, ValueRegions regions)
    {
        var rows = values.Length;
        var own = new float[rows];
        model.Forward(samples, own);
        var outputs = stages.Select(stage => stage.Outputs(samples)).ToArray();
        var slopes = stages.Select(_ => new float[2 * rows]).ToArray();
        for (var row = 0; row < rows; row++)
        {
            var total = Math.Max(1, Total(outputs, row));
            var slope = (own[row] + Correction(own[row], outputs, row) - values[row]) / rows;
            var left = 1f;
            for (var i = 0; i < outputs.Length; i++)
            {
                var (share, value) = (Logits.Sigmoid(outputs[i][2 * row]), outputs[i][(2 * row) + 1]);
                var isInside = regions.Of(values[row]) == stages[i].Region;
                slopes[i][2 * row] = (slope * (value - own[row]) * share * (1 - share) / total) + ((share - (isInside ? 1 : 0)) / rows);
                slopes[i][(2 * row) + 1] = slope * share / total;
                left -= share / total;
            }

            own[row] = slope * left;
        }

        model.Step(own);
        for (var i = 0; i < slopes.Length; i++)
        {
            stages[i].Network.LearningRate = SpecialistRate;
            stages[i].Network.Step(slopes[i]);
        }
    }

    private static float Correction(float own, float[][] outputs, int row)
    {
        var sum = 0f;
        foreach (var output in outputs)
        {
            sum += Logits.Sigmoid(output[2 * row]) * (output[(2 * row) + 1] - own);
        }

        return sum / Math.Max(1, Total(outputs, row));
    }

    private static float Total(float[][] outputs, int row) => outputs.Sum(output => Logits.Sigmoid(output[2 * row]));
}
