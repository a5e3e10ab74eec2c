// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Recovers the signer of 65 bytes r, s, v.
library Signatures {
    function signer(bytes32 hash, bytes memory signature) internal pure returns (address) {
        if (signature.length != 65) return address(0);
        bytes32 r;
        bytes32 s;
        uint8 v;
        assembly {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
            v := byte(0, mload(add(signature, 96)))
        }
        return ecrecover(hash, v, r, s);
    }
}

/// @notice A wallet of one owner that takes the plain signature of the hash.
contract OwnerWallet {
    address private immutable OWNER;

    constructor(address owner) {
        OWNER = owner;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return Signatures.signer(hash, signature) == OWNER ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// @notice Deploys owner wallets at addresses that are known before.
contract WalletFactory {
    function create(address owner, bytes32 salt) external returns (address) {
        return address(new OwnerWallet{salt: salt}(owner));
    }

    function addressOf(address owner, bytes32 salt) external view returns (address) {
        bytes32 code = keccak256(abi.encodePacked(type(OwnerWallet).creationCode, abi.encode(owner)));
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"ff", address(this), salt, code)))));
    }
}

/// @notice A wallet of several owners. Hashes are wrapped in a message of the wallet; an empty signature stands for an approval
/// kept on chain, which `signMessage` writes. Reverts for everything else.
contract ApprovalWallet {
    bytes32 private constant DOMAIN = keccak256("EIP712Domain(uint256 chainId,address verifyingContract)");
    bytes32 private constant MESSAGE = keccak256("WalletMessage(bytes message)");
    address[] private owners;
    uint256 private immutable THRESHOLD;
    mapping(bytes32 message => bool) private approved;

    constructor(address[] memory owners_, uint256 threshold) {
        owners = owners_;
        THRESHOLD = threshold;
    }

    function signMessage(bytes32 hash) external {
        approved[messageHash(hash)] = true;
    }

    function messageHash(bytes32 hash) public view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN, block.chainid, address(this)));
        bytes32 message = keccak256(abi.encode(MESSAGE, keccak256(abi.encode(hash))));
        return keccak256(abi.encodePacked(hex"1901", domain, message));
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        bytes32 message = messageHash(hash);
        if (signature.length == 0) require(approved[message], "hash not approved");
        else _check(message, signature);
        return 0x1626ba7e;
    }

    /// Owners sign in ascending order of their addresses.
    function _check(bytes32 message, bytes calldata signature) private view {
        require(signature.length == THRESHOLD * 65, "too few signatures");
        address last;
        for (uint256 i; i < THRESHOLD; ++i) {
            address signer = Signatures.signer(message, signature[i * 65:(i + 1) * 65]);
            require(signer > last && _isOwner(signer), "invalid owner");
            last = signer;
        }
    }

    function _isOwner(address account) private view returns (bool) {
        for (uint256 i; i < owners.length; ++i) if (owners[i] == account) return true;
        return false;
    }
}

/// @notice A wallet whose signatures are bound to it and to the chain, and wrapped as (owner index, signature).
contract ReplaySafeWallet {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant MESSAGE = keccak256("WalletMessage(bytes32 hash)");
    address private immutable OWNER;

    constructor(address owner) {
        OWNER = owner;
    }

    function replaySafeHash(bytes32 hash) public view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN, keccak256("Wallet"), keccak256("1"), block.chainid, address(this)));
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(MESSAGE, hash))));
    }

    function isValidSignature(bytes32 hash, bytes calldata wrapped) external view returns (bytes4) {
        (uint256 index, bytes memory signature) = abi.decode(wrapped, (uint256, bytes));
        bool accepted = index == 0 && Signatures.signer(replaySafeHash(hash), signature) == OWNER;
        return accepted ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// @notice A wallet that accepts everything in simulations, as some do to estimate gas.
contract SimulationWallet {
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        bool simulated = tx.origin == address(0) || tx.origin == address(1) || msg.sender == address(0);
        return simulated ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// @notice A wallet that anyone can make accept everything.
contract OpenWallet {
    bool private accepts;

    function open() external {
        accepts = true;
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        return accepts ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}
