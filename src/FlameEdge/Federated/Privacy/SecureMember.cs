namespace FlameEdge.Federated.Privacy;

/// <summary>What everybody knows of a member of a secure sum.</summary>
/// <param name="Index">Its place, in 1..255: that of its shares, and the sign of its masks.</param>
/// <param name="MaskKey">Public part of the pair its masks come from.</param>
/// <param name="ShareKey">Public part of the pair under which shares travel to it; never revealed, so shares stay sealed.</param>
public sealed record SecureMember(byte Index, byte[] MaskKey, byte[] ShareKey);

/// <summary>A member's shares of another member's two secrets; sealed, they are what travels through the server.</summary>
/// <param name="Seed">Of the key of its own mask.</param>
/// <param name="Key">Of the private part of its mask key.</param>
public sealed record MemberShares(SecretShare Seed, SecretShare Key);

/// <summary>What a member reveals so that a sum can be unmasked: of every other, one of the two secrets' shares, never both.</summary>
/// <param name="Seeds">Of members whose update is in the sum, by index.</param>
/// <param name="Keys">Of members whose update is not, by index.</param>
public sealed record SecureReveal(IReadOnlyDictionary<byte, SecretShare> Seeds, IReadOnlyDictionary<byte, SecretShare> Keys);
