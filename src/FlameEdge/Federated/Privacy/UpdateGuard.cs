using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Privacy;

/// <summary>What a job's privacy does to updates: bounds them where they are made and again where they are taken in, and adds the noise. Does nothing in a job without.</summary>
internal sealed class UpdateGuard(PrivacySpec? spec)
{
    private readonly DpFedAvg? averaging = spec is null ? null : new(spec.Clip, spec.Noise);
    private float[]? taken;
    private double[]? normals;

    private bool IsAtServer => spec?.Kind == PrivacySpec.Server;

    /// <summary>Makes a client's change what may leave it.</summary>
    public void Protect(Span<float> change)
    {
        if (averaging is null)
        {
            return;
        }

        if (!float.IsFinite(ParameterMath.LargestMagnitude(change)))
        {
            // That it diverged tells of its data too.
            change.Clear();
        }

        averaging.Clip(change);
        if (!IsAtServer)
        {
            DpFedAvg.AddNoise(change, Normals(change.Length), averaging.SumDeviation);
        }
    }

    /// <summary>Adds an update to the sum, shortened where its sender did not.</summary>
    public SumRefusal Fold(UpdateCodec codec, System.Buffers.ReadOnlySequence<byte> body, ParameterLayout layout, long weight, ExactSum sum)
    {
        if (!IsAtServer)
        {
            return codec.Fold(body, layout, weight, sum);
        }

        taken = taken?.Length == layout.Length ? taken : new float[layout.Length];
        codec.Decode(body, layout, taken);
        if (float.IsFinite(ParameterMath.LargestMagnitude(taken)))
        {
            averaging!.Clip(taken); // There at the server.
        }

        return sum.Add(weight, taken);
    }

    /// <summary>Hides every client in the mean of that many, or of so many expected, where that is the server's part.</summary>
    public void Hide(Span<float> mean, double clients)
    {
        if (IsAtServer)
        {
            DpFedAvg.AddNoise(mean, Normals(mean.Length), averaging!.SumDeviation / clients); // There at the server.
        }
    }

    // Drawn anew for every release, by nobody to be repeated.
    private double[] Normals(int count)
    {
        normals = normals?.Length == count ? normals : new double[count];
        SecretNormals.Fill(normals);
        return normals;
    }
}
