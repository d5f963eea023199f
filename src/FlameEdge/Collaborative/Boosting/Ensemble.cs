using System.Numerics.Tensors;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Boosting;

/// <summary>The additive model of a target: its own network first, then a stage per accepted specialist, trained together (our design).</summary>
/// <remarks>
/// S are the classes with a stage, L = ln Σ exp(z_j) over the others. F_j = z_j for j ∉ S; F_c = η_c z_c + (1 − η_c) L + Σ φ (κ clip(s) + δ) for c ∈ S. At arrival η = 0,
/// so that the class's probability is the specialist's own; with local examples it goes to 1, so that knowledge is handed over to the network. Not thread-safe.
/// </remarks>
public sealed class Ensemble
{
    private readonly List<Stage> stages = [];
    private readonly List<float[]> scores = [];
    private readonly float[] trust;
    private readonly bool[] served;
    private readonly float[] others;
    private readonly float[] shares;

    /// <summary>An ensemble of the network alone.</summary>
    public Ensemble(ISiteModel model)
    {
        Model = model;
        this.trust = new float[model.ClassCount];
        served = new bool[model.ClassCount];
        this.others = new float[model.ClassCount];
        shares = new float[model.ClassCount];
    }

    /// <summary>The own network.</summary>
    public ISiteModel Model { get; }

    /// <summary>The stages at work.</summary>
    public IReadOnlyList<Stage> Stages => this.stages;

    /// <summary>Step length of the specialists.</summary>
    public float SpecialistRate { get; init; } = 0.02f;

    /// <summary>Stages of a class.</summary>
    public IEnumerable<Stage> Of(int label) => this.stages.Where(stage => stage.Label == label);

    /// <summary>True where a class has a stage at work.</summary>
    public bool Serves(int label) => served[label];

    /// <summary>Adds a stage.</summary>
    public void Add(Stage stage)
    {
        this.stages.Add(stage);
        served[stage.Label] = true;
    }

    /// <summary>Removes a stage.</summary>
    public void Remove(Stage stage)
    {
        this.stages.Remove(stage);
        served[stage.Label] = Of(stage.Label).Any();
    }

    /// <summary>η of every class, in [0, 1].</summary>
    public ReadOnlySpan<float> OwnTrust => this.trust;

    /// <summary>Sets η of a class, in [0, 1]: how far its own logit is trusted.</summary>
    public void SetOwnTrust(int label, float trust) => this.trust[label] = trust;

    /// <summary>Writes combined logits F of samples [rows, features] to <paramref name="combined"/> [rows, classes] and the network's own to <paramref name="own"/>.</summary>
    public void Combine(ReadOnlyMemory<float> samples, Span<float> own, Span<float> combined)
    {
        var classes = Model.ClassCount;
        Model.Forward(samples, own);
        ScoreStages(samples);
        for (var row = 0; row < samples.Length / Model.FeatureCount; row++)
        {
            CombineRow(row, own.Slice(row * classes, classes), combined.Slice(row * classes, classes), without: null);
        }
    }

    /// <summary>Log-likelihood gained by <paramref name="stage"/> on the rows last combined, each probability held at 0.01 or above (§5.3).</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="own">Logits of the network alone, [rows, classes].</param>
    /// <param name="combined">Combined logits, [rows, classes].</param>
    /// <param name="labels">[rows].</param>
    /// <param name="weights">What a row of the stage's class counts, and one of another.</param>
    public double Gain(Stage stage, ReadOnlySpan<float> own, ReadOnlySpan<float> combined, ReadOnlySpan<int> labels, (double OfClass, double OfOthers) weights)
    {
        var classes = Model.ClassCount;
        var without = new float[classes];
        var gain = 0.0;
        for (var row = 0; row < labels.Length; row++)
        {
            CombineRow(row, own.Slice(row * classes, classes), without, stage);
            var weight = labels[row] == stage.Label ? weights.OfClass : weights.OfOthers;
            gain += weight * (Logits.LogLikelihood(combined.Slice(row * classes, classes), labels[row]) - Logits.LogLikelihood(without, labels[row]));
        }

        return gain;
    }

    /// <summary>One step of the network and all stages on the residual softmax(F) − onehot(y) of samples [rows, features] (§5.4).</summary>
    /// <param name="samples">[rows, features].</param>
    /// <param name="labels">[rows].</param>
    /// <param name="frozen">Classes that are not learned now: their logits get no gradient, their rows none at all.</param>
    public void Learn(ReadOnlyMemory<float> samples, ReadOnlySpan<int> labels, IReadOnlySet<int> frozen)
    {
        var (rows, classes) = (labels.Length, Model.ClassCount);
        var (own, gradient) = (new float[rows * classes], new float[rows * classes]);
        Model.Forward(samples, own);
        ScoreStages(samples);
        var slopes = this.stages.ConvertAll(_ => new float[rows]);
        for (var row = 0; row < rows; row++)
        {
            var residual = gradient.AsSpan(row * classes, classes);
            Residual(row, own.AsSpan(row * classes, classes), labels[row], frozen, residual);
            TensorPrimitives.Divide(residual, rows, residual);
            for (var i = 0; i < this.stages.Count; i++)
            {
                slopes[i][row] = residual[this.stages[i].Label];
            }

            HandBack(residual);
        }

        Model.Step(gradient);
        for (var i = 0; i < this.stages.Count; i++)
        {
            Descend(this.stages[i], slopes[i], i);
        }
    }

    private void ScoreStages(ReadOnlyMemory<float> samples)
    {
        scores.Clear();
        foreach (var stage in this.stages)
        {
            scores.Add(stage.Score(samples).ToArray());
        }
    }

    private void Residual(int row, ReadOnlySpan<float> own, int label, IReadOnlySet<int> frozen, Span<float> residual)
    {
        if (frozen.Contains(label))
        {
            residual.Clear();
            shares.AsSpan().Clear();
            return;
        }

        CombineRow(row, own, residual, without: null);
        foreach (var waiting in frozen)
        {
            residual[waiting] = float.NegativeInfinity;
            shares[waiting] = 0;
        }

        Logits.Softmax(residual, residual);
        residual[label] -= 1;
    }

    // From residuals D of F to gradients of the own logits: dz_c = η_c D_c; dz_j = D_j + q_j Σ (1 − η_c) D_c, with q = softmax over j ∉ S.
    private void HandBack(Span<float> residual)
    {
        if (this.stages.Count == 0)
        {
            return;
        }

        var anchored = 0f;
        for (var label = 0; label < residual.Length; label++)
        {
            if (served[label])
            {
                anchored += (1 - this.trust[label]) * residual[label];
                residual[label] *= this.trust[label];
            }
        }

        TensorPrimitives.MultiplyAdd(shares, anchored, residual, residual);
    }

    private void Descend(Stage stage, float[] slopes, int index)
    {
        var offset = 0f;
        for (var row = 0; row < slopes.Length; row++)
        {
            offset += stage.Fade * slopes[row];
            slopes[row] = Math.Abs(scores[index][row]) < Stage.Clip ? stage.Fade * stage.Slope * slopes[row] : 0;
        }

        stage.Network.LearningRate = SpecialistRate;
        stage.Network.Step(slopes);
        stage.OffsetVelocity = (0.9f * stage.OffsetVelocity) + offset;
        stage.Offset -= 5 * SpecialistRate * stage.OffsetVelocity;
    }

    private void CombineRow(int row, ReadOnlySpan<float> own, Span<float> combined, Stage? without)
    {
        own.CopyTo(combined);
        if (this.stages.Count == 0)
        {
            return;
        }

        // Without its only stage a class is as the others.
        var freed = without is not null && Of(without.Label).Count() == 1 ? without.Label : -1;
        var anchor = Anchor(own, freed);
        for (var label = 0; label < combined.Length; label++)
        {
            if (served[label] && label != freed)
            {
                combined[label] = (this.trust[label] * own[label]) + ((1 - this.trust[label]) * anchor);
            }
        }

        for (var i = 0; i < this.stages.Count; i++)
        {
            if (this.stages[i] != without)
            {
                combined[this.stages[i].Label] += this.stages[i].Contribution(scores[i][row]);
            }
        }
    }

    // L and its gradient q; where every class has a stage the sum is over nothing: L = 0, without gradient.
    private float Anchor(ReadOnlySpan<float> own, int freed)
    {
        for (var label = 0; label < own.Length; label++)
        {
            this.others[label] = served[label] && label != freed ? float.NegativeInfinity : own[label];
        }

        var anchor = Logits.LogSumExp(this.others);
        Logits.Softmax(this.others, shares);
        return float.IsNegativeInfinity(anchor) ? 0 : anchor;
    }
}
