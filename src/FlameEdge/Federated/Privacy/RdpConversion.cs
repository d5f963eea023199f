namespace FlameEdge.Federated.Privacy;

/// <summary>From Rényi divergence to (ε, δ).</summary>
public enum RdpConversion
{
    /// <summary>ε = rdp + ln((α−1)/α) − (ln δ + ln α)/(α−1): Canonne, Kamath and Steinke 2020, proposition 12, in the form of Balle et al. 2020, theorem 21.</summary>
    Improved,

    /// <summary>ε = rdp + ln(1/δ)/(α−1): Mironov 2017, proposition 3. Larger; what older tables print.</summary>
    Classic,
}
